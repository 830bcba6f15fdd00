/* Findings as lines, as JSON, as a report. */
#include "unit.h"
#include "checks.h"
#include "sick.h"
#include "report.h"
#include "tell.h"
#include "terminal.h"

struct patient {
	struct evidence evidence;
	struct diagnosis diagnosis;
	struct textbuf out;
};

static void admit(struct patient *patient)
{
	*patient = (struct patient){0};
	sick_init(&patient->evidence);
}

static void release(struct patient *patient)
{
	textbuf_fini(&patient->out);
	diagnosis_fini(&patient->diagnosis);
	evidence_fini(&patient->evidence);
}

static void tells_lines(void **unused)
{
	static const char expected[] =
		"broken  interface-down: the interface wg0 is down. Fix: ip link set up dev wg0\n"
		"wg0: 1 broken, 0 warnings\n";
	struct patient patient;

	admit(&patient);
	sick_link(&patient.evidence, SICK_WG0)->is_up = false;
	checks_run(&patient.diagnosis, &patient.evidence);
	tell_lines(&patient.out, &patient.diagnosis, &patient.evidence);
	terminal_strip_colour(&patient.out);
	assert_int_equal(patient.out.len, strlen(expected));
	assert_memory_equal(patient.out.text, expected, patient.out.len);
	assert_string_equal(tell_status(&patient.diagnosis), "broken");
	release(&patient);
	(void)unused;
}

static void tells_health(void **unused)
{
	struct patient patient;

	admit(&patient);
	checks_run(&patient.diagnosis, &patient.evidence);
	tell_lines(&patient.out, &patient.diagnosis, &patient.evidence);
	assert_string_equal(patient.out.text, "wg0: nothing wrong is found\n");
	assert_string_equal(tell_status(&patient.diagnosis), "healthy");
	textbuf_clear(&patient.out);
	patient.evidence.has_log = false;
	tell_lines(&patient.out, &patient.diagnosis, &patient.evidence);
	assert_non_null(strstr(patient.out.text, "wg0: not seen: this daemon does not tell"));
	release(&patient);
	(void)unused;
}

static void tells_json(void **unused)
{
	struct patient patient;
	json_t *document, *finding;

	admit(&patient);
	patient.evidence.system.device.peers[0].last_handshake.sec = 0;
	checks_run(&patient.diagnosis, &patient.evidence);
	document = tell_json(&patient.diagnosis, &patient.evidence);
	finding = json_array_get(json_object_get(document, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(document, "name")), "wg0");
	assert_string_equal(json_string_value(json_object_get(document, "status")), "broken");
	assert_string_equal(json_string_value(json_object_get(finding, "code")), "no-handshake");
	assert_string_equal(json_string_value(json_object_get(finding, "level")), "broken");
	assert_string_equal(
		json_string_value(json_object_get(finding, "publicKey")), SICK_PEER_KEY);
	assert_string_equal(json_string_value(json_object_get(finding, "peer")), "TrMvSoP4...");
	json_decref(document);
	release(&patient);
	(void)unused;
}

/* Neither keys, nor the endpoint's address, nor its name; but what is wrong. */
static void reports_without_secrets(void **unused)
{
	static const char *const secrets[] = {SICK_OWN_KEY, SICK_PEER_KEY, SICK_OTHER_KEY,
		"203.0.113", "198.51.100", "secret.example", "TrMvSoP4", "Laptop"};
	struct patient patient;

	admit(&patient);
	sick_file(&patient.evidence,
		SICK_INTERFACE "[Peer]\n# Laptop\nPublicKey = " SICK_PEER_KEY
			       "\nEndpoint = secret.example:51820\nAllowedIPs = 10.0.0.1/32\n");
	patient.evidence.file.names = calloc(1, sizeof(*patient.evidence.file.names));
	patient.evidence.file.names_count = 1;
	patient.evidence.file.names[0].code = -2;
	patient.evidence.system.device.peers[0].last_handshake.sec = 0;
	sick_log(&patient.evidence,
		"count=unknown-peer 4\nevent=unknown-peer count=4 first_ms_ago=9 "
		"last_ms_ago=5 source=198.51.100.7:5 key=" SICK_OTHER_KEY "\n");
	checks_run(&patient.diagnosis, &patient.evidence);
	report_print(&patient.out, &patient.diagnosis, &patient.evidence);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_null(strstr(patient.out.text, secrets[i]));
	assert_non_null(strstr(
		patient.out.text, "broken unknown-peer: 198.51.x.x:5 calls with the key [key]"));
	assert_non_null(
		strstr(patient.out.text, "endpoint-name-fails: peer 1: the Endpoint [name]:51820"));
	assert_non_null(strstr(patient.out.text, "since the daemon started: unknown-peer 4\n"));
	release(&patient);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_lines),
		cmocka_unit_test(tells_health),
		cmocka_unit_test(tells_json),
		cmocka_unit_test(reports_without_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
