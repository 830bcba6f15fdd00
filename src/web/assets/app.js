// The dashboard: asks the server for the state every two seconds and shows it. No library, no build.
const $ = (selector, within = document) => within.querySelector(selector);
const POLL_MS = 2000, SPARK_POINTS = 60;

let csrf = "", state = null, chosen = null, sort = { by: "name", down: false };
let timer = 0, wanted = null; // wanted: the peer whose traffic the chart shows; null: all
const sparks = new Map();     // peer key -> [[rx, tx], ...]

/* ---- talking to the server ---- */

class Refused extends Error {}

async function ask(path, body) {
	const options = { headers: {} };
	if (body !== undefined) {
		options.method = "POST";
		options.headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
		options.body = JSON.stringify(body);
	}
	const answer = await fetch(path, options);
	const found = await answer.json().catch(() => ({}));
	if (answer.status === 401 && path !== "/api/login")
		show_login();
	if (!answer.ok)
		throw new Refused(found.error || `The server answered ${answer.status}.`);
	return found;
}

/* ---- words ---- */

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function bytes(n) {
	let unit = 0;
	for (; n >= 1024 && unit < units.length - 1; unit++)
		n /= 1024;
	return `${n >= 100 || unit === 0 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

function rate(n) {
	return n ? `${bytes(n)}/s` : "–";
}

function ago(then) {
	if (!then)
		return "never";
	const s = Math.max(0, Math.round(state.time - then));
	for (const [len, word] of [[86400, "d"], [3600, "h"], [60, "min"]])
		if (s >= len)
			return `${Math.floor(s / len)} ${word} ago`;
	return `${s} s ago`;
}

/* A session lives for 180 s; 10 more for who is just making a new one. */
const is_live = (peer) => peer.handshake && state.time - peer.handshake < 190;
const day_of = (peer) => peer.expires ? peer.expires.slice(0, 10) : "";
const label_of = (peer) => peer.name || `${peer.public_key.slice(0, 10)}…`;

function say(text) {
	$("#said").textContent = text;
}

function complain(within, error) {
	const place = $(".problem", within);
	place.textContent = error ? error.message : "";
	place.hidden = !error;
}

function element(name, attributes = {}, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes))
		if (value !== undefined && value !== false)
			made.setAttribute(key, value === true ? "" : value);
	made.append(...children);
	return made;
}

function drawn(name, attributes) {
	const made = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	return made;
}

/* ---- pages ---- */

function show_login() {
	clearTimeout(timer);
	csrf = "";
	for (const dialog of document.querySelectorAll("dialog[open]"))
		dialog.close();
	$("#app").hidden = true;
	$("#login").hidden = false;
	$("#login-form [name=user]").focus();
}

function show_app(session) {
	csrf = session.csrf;
	$("#user").textContent = session.user;
	$("#login").hidden = true;
	$("#app").hidden = false;
	poll();
}

async function poll() {
	clearTimeout(timer);
	try {
		state = await ask("/api/state");
		complain($("#app"), null);
		remember_rates();
		render();
	} catch (error) {
		if ($("#app").hidden)
			return;
		complain($("#app"), error instanceof Refused ? error : new Error("The server does not answer. Trying again."));
	}
	timer = setTimeout(poll, POLL_MS);
}

const current = () => state && state.interfaces.find((i) => i.name === chosen);

function remember_rates() {
	for (const { name, peers } of state.interfaces)
		for (const peer of peers) {
			const key = name + peer.public_key, points = sparks.get(key) || [];
			points.push([peer.rx_rate, peer.tx_rate]);
			sparks.set(key, points.slice(-SPARK_POINTS));
		}
}

/* ---- the table ---- */

function render() {
	const names = state.interfaces.map((i) => i.name), select = $("#interface");
	if (!names.includes(chosen))
		chosen = names[0] || null;
	if ([...select.options].map((o) => o.value).join() !== names.join())
		select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
	if (chosen)
		select.value = chosen;
	render_totals();
	render_peers();
	if (Date.now() - drawn_at > 10000)
		draw_chart();
}

function render_totals() {
	const peers = current()?.peers || [];
	const sum = (field) => peers.reduce((total, peer) => total + peer[field], 0);
	$("#total-peers").textContent = peers.length;
	$("#total-live").textContent = peers.filter(is_live).length;
	$("#total-rx").textContent = rate(sum("rx_rate"));
	$("#total-tx").textContent = rate(sum("tx_rate"));
}

function compare(a, b) {
	const [x, y] = [a, b].map((peer) => sort.by === "name" ? label_of(peer).toLowerCase() :
		sort.by === "allowed_ips" ? peer.allowed_ips.join() : peer[sort.by] ?? "");
	return (x < y ? -1 : x > y ? 1 : 0) * (sort.down ? -1 : 1);
}

function shown_peers() {
	const text = $("#filter").value.trim().toLowerCase();
	const peers = (current()?.peers || []).filter((peer) => !text ||
		[peer.name, peer.public_key, peer.endpoint, ...peer.allowed_ips].some((s) => s && s.toLowerCase().includes(text)));
	return peers.sort(compare);
}

function render_peers() {
	const body = $("#peers tbody"), peers = shown_peers();
	const rows = new Map([...body.rows].map((row) => [row.dataset.key, row]));
	const focused = document.activeElement?.closest?.("tr")?.dataset.key;
	const wanted_rows = peers.slice(0, 500).map((peer) => fill_row(rows.get(peer.public_key) || make_row(peer), peer));
	if (wanted_rows.length !== body.rows.length || wanted_rows.some((row, i) => row !== body.rows[i]))
		body.replaceChildren(...wanted_rows);
	if (focused)
		$(`tr[data-key="${CSS.escape(focused)}"] .name`)?.focus();
	for (const head of document.querySelectorAll("#peers th")) {
		const by = $("button", head)?.dataset.sort;
		if (by)
			head.setAttribute("aria-sort", by !== sort.by ? "none" : sort.down ? "descending" : "ascending");
	}
	const empty = $("#empty");
	empty.hidden = peers.length > 0 && peers.length <= 500;
	empty.textContent = !chosen ? "There is no WireGuard interface on this machine." : peers.length > 500 ?
		`${peers.length - 500} more: narrow them with the filter.` :
		current().peers.length ? "No peer matches the filter." : "No peers yet. Add the first one.";
}

function make_row(peer) {
	const row = element("tr", { "data-key": peer.public_key });
	const name = element("button", { class: "name" });
	name.addEventListener("click", () => open_peer(peer.public_key));
	row.append(element("td", {}, element("span", { class: "dot" }), name, element("small")),
		element("td", { "data-label": "Addresses", class: "wide" }), element("td", { "data-label": "Endpoint", class: "wide" }),
		element("td", { "data-label": "Handshake" }), element("td", { class: "number", "data-label": "↓" }),
		element("td", { class: "number", "data-label": "↑" }), element("td", { class: "wide" }), element("td"));
	const spark = drawn("svg", { class: "spark", viewBox: `0 0 ${SPARK_POINTS} 20`, preserveAspectRatio: "none", "aria-hidden": "true" });
	spark.append(drawn("path", { class: "tx" }), drawn("path", { class: "rx" }));
	row.cells[6].append(spark);
	const chart = element("button", { "aria-pressed": "false" }, "Chart");
	chart.addEventListener("click", () => chart_peer(peer.public_key));
	row.cells[7].append(chart);
	return row;
}

function fill_row(row, peer) {
	const [name, ips, endpoint, handshake, rx, tx, spark, action] = row.cells;
	const label = label_of(peer), live = is_live(peer);
	$(".dot", name).className = `dot ${peer.disabled ? "off" : live ? "live" : ""}`;
	$(".name", name).textContent = label;
	$(".name", name).setAttribute("aria-label", `${label}: ${peer.disabled ? "disabled" : live ? "has a session" : "no session"}. Details`);
	$("small", name).textContent = [peer.disabled && "disabled", peer.expires && `until ${peer.expires.slice(0, 10)}`].filter(Boolean).join(", ");
	ips.textContent = peer.allowed_ips.join(", ");
	endpoint.textContent = peer.endpoint || "–";
	handshake.textContent = ago(peer.handshake);
	handshake.title = peer.handshake ? new Date(peer.handshake * 1000).toLocaleString() : "";
	rx.replaceChildren(rate(peer.rx_rate), element("small", {}, bytes(peer.rx)));
	tx.replaceChildren(rate(peer.tx_rate), element("small", {}, bytes(peer.tx)));
	const points = sparks.get(chosen + peer.public_key) || [], top = Math.max(1, ...points.flat());
	["rx", "tx"].forEach((direction, i) => $(`.${direction}`, spark).setAttribute("d",
		path_of(points.map((p, x) => [x + SPARK_POINTS - points.length, 19 - 18 * p[i] / top]))));
	$("button", action).setAttribute("aria-pressed", wanted === peer.public_key);
	$("button", action).setAttribute("aria-label", `Show the traffic of ${label}`);
	return row;
}

/* ---- the chart ---- */

let drawn_at = 0;

function path_of(points) {
	return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function chart_peer(key) {
	wanted = wanted === key ? null : key;
	render_peers();
	draw_chart();
}

async function draw_chart() {
	const span = Number($("#span input:checked").value), peer = current()?.peers.find((p) => p.public_key === wanted);
	drawn_at = Date.now();
	$("#chart-title").textContent = peer ? `Traffic of ${label_of(peer)}` : "Traffic of all peers";
	if (!chosen)
		return;
	const query = new URLSearchParams({ interface: chosen, span });
	if (peer)
		query.set("peer", peer.public_key);
	const { from, to, step, points } = await ask(`/api/history?${query}`).catch(() => ({ points: [] }));
	const chart = $("#chart"), top = Math.max(1024, ...points.flatMap(([, rx, tx]) => [rx, tx]));
	chart.replaceChildren();
	for (const y of [1, 66, 132, 198])
		chart.append(drawn("line", { x1: 0, x2: 800, y1: y, y2: y }));
	if (points.length) {
		const x = (at) => 800 * (at - from) / (to - from), y = (n) => 198 - 194 * n / top;
		const rx = path_of(points.map((p) => [x(p[0]), y(p[1])]));
		const last = x(points[points.length - 1][0]), first = x(points[0][0]);
		chart.append(drawn("path", { class: "rx-area", d: `${rx}L${last} 198L${first} 198Z` }),
			drawn("path", { class: "rx", d: rx }),
			drawn("path", { class: "tx", d: path_of(points.map((p) => [x(p[0]), y(p[2])])) }));
	}
	const sum = (i) => points.reduce((total, p) => total + p[i] * step, 0);
	$("#chart-says").replaceChildren(element("span", { class: "rx" }, `received ${bytes(sum(1))}`),
		element("span", { class: "tx" }, `sent ${bytes(sum(2))}`),
		`, at most ${rate(Math.max(0, ...points.flatMap(([, rx, tx]) => [rx, tx])))}`);
}

/* ---- adding and changing peers ---- */

async function act(dialog, action, fields) {
	complain(dialog, null);
	try {
		const found = await ask("/api/peer", { interface: chosen, action, ...fields });
		await poll();
		return found;
	} catch (error) {
		complain(dialog, error);
		return null;
	}
}

function open_add() {
	const dialog = $("#add-dialog");
	$("form", dialog).reset();
	complain(dialog, null);
	dialog.showModal();
}

async function add(event) {
	event.preventDefault();
	const dialog = $("#add-dialog"), form = new FormData($("form", dialog));
	const fields = Object.fromEntries([...form].filter(([, value]) => value));
	const found = await act(dialog, "add", fields);
	if (!found)
		return;
	if (!found.config) {
		complain(dialog, new Error(`There is a peer ${fields.name} already.`));
		return;
	}
	dialog.close();
	say(`${fields.name} was added.`);
	show_config(fields.name, found);
}

function show_config(name, { config, qr }) {
	const dialog = $("#config-dialog");
	$("#config-title").textContent = `Configuration of ${name}`;
	$("#config").textContent = config;
	$("#qr").replaceChildren();
	if (qr)
		$("#qr").append(element("img", { alt: "", src: `data:image/svg+xml;base64,${btoa(qr)}` }));
	$("#copy").onclick = async () => {
		await navigator.clipboard.writeText(config);
		say("Copied.");
	};
	$("#download").onclick = () => {
		const url = URL.createObjectURL(new Blob([config], { type: "text/plain" }));
		element("a", { href: url, download: `${name}.conf` }).click();
		URL.revokeObjectURL(url);
	};
	dialog.onclose = () => {
		$("#config").textContent = "";
		$("#qr").replaceChildren();
	};
	dialog.showModal();
}

function open_peer(key) {
	const peer = current().peers.find((p) => p.public_key === key), dialog = $("#peer-dialog");
	if (!peer)
		return;
	const facts = { "Public key": peer.public_key, Addresses: peer.allowed_ips.join(", ") || "none",
		Endpoint: peer.endpoint || "not known yet", "Last handshake": ago(peer.handshake),
		Received: bytes(peer.rx), Sent: bytes(peer.tx), Keepalive: peer.keepalive ? `every ${peer.keepalive} s` : "off" };
	dialog.dataset.key = key;
	$("#peer-title").textContent = label_of(peer);
	$("#facts").replaceChildren(...Object.entries(facts).flatMap(([word, value]) => [element("dt", {}, word), element("dd", {}, value)]));
	$("[name=name]", dialog).value = peer.name || "";
	$("[name=expires]", dialog).value = day_of(peer);
	$("#toggle").textContent = peer.disabled ? "Enable" : "Disable";
	$("#remove").textContent = "Remove";
	complain(dialog, null);
	dialog.showModal();
}

const opened = () => current().peers.find((p) => p.public_key === $("#peer-dialog").dataset.key);

async function save(event) {
	event.preventDefault();
	const dialog = $("#peer-dialog"), peer = opened(), form = new FormData($("form", dialog));
	const name = form.get("name"), expires = form.get("expires");
	if (name && name !== peer.name && !await act(dialog, "rename", { name: peer.name || peer.public_key, new_name: name }))
		return;
	if (expires !== day_of(peer) &&
		!await act(dialog, "expire", { name: name || peer.name || peer.public_key, expires: expires || "never" }))
		return;
	dialog.close();
}

async function change(action, done) {
	const dialog = $("#peer-dialog"), peer = opened();
	if (await act(dialog, action, { name: peer.name || peer.public_key })) {
		dialog.close();
		say(`${label_of(peer)} was ${done}.`);
	}
}

/* The second press removes. */
function remove(event) {
	if (event.target.textContent === "Remove") {
		event.target.textContent = "Remove for good?";
		return;
	}
	change("remove", "removed");
}

/* ---- doctor and audit log ---- */

async function show_list(title, path, item) {
	$("#list-title").textContent = title;
	$("#list").replaceChildren(element("p", { class: "quiet" }, "Looking…"));
	$("#list-dialog").showModal();
	try {
		const items = await ask(path);
		$("#list").replaceChildren(...(items.length ? items.map(item) : [element("p", { class: "quiet" }, "Nothing to report.")]));
	} catch (error) {
		$("#list").replaceChildren(element("p", { class: "problem" }, error.message));
	}
}

function show_doctor() {
	show_list(`Doctor's findings on ${chosen}`, `/api/doctor?interface=${encodeURIComponent(chosen)}`, (f) => {
		const made = element("div", { class: `finding ${f.level}` },
			element("b", {}, f.peer ? `${f.code}: ${f.peer}` : f.code), element("p", {}, f.evidence || ""));
		if (f.fix)
			made.append(element("code", {}, f.fix));
		return made;
	});
}

function show_audit() {
	show_list("Audit log", "/api/audit", (entry) => element("p", {},
		element("span", { class: "quiet" }, `${new Date(entry.at * 1000).toLocaleString()} `),
		`${entry.user} (${entry.address}): ${entry.action}`));
}

/* ---- beginning ---- */

$("#login-form").addEventListener("submit", async (event) => {
	event.preventDefault();
	const form = event.target;
	try {
		show_app(await ask("/api/login", Object.fromEntries(new FormData(form))));
		form.reset();
		complain(form, null);
	} catch (error) {
		complain(form, error);
		$("[name=password]", form).select();
	}
});
$("#log-out").addEventListener("click", async () => {
	await ask("/api/logout", {}).catch(() => {});
	show_login();
});
$("#interface").addEventListener("change", (event) => {
	chosen = event.target.value;
	wanted = null;
	render();
	draw_chart();
});
$("#span").addEventListener("change", draw_chart);
$("#filter").addEventListener("input", render_peers);
$("#peers thead").addEventListener("click", (event) => {
	const by = event.target.dataset.sort;
	if (!by)
		return;
	sort = { by, down: sort.by === by ? !sort.down : by.endsWith("rate") || by === "handshake" };
	render_peers();
});
$("#add").addEventListener("click", open_add);
$("#add-dialog form").addEventListener("submit", add);
$("#peer-dialog form").addEventListener("submit", save);
$("#toggle").addEventListener("click", () => opened().disabled ? change("enable", "enabled") : change("disable", "disabled"));
$("#remove").addEventListener("click", remove);
$("#show-doctor").addEventListener("click", show_doctor);
$("#show-audit").addEventListener("click", show_audit);
for (const button of document.querySelectorAll("[data-close]"))
	button.addEventListener("click", () => button.closest("dialog").close());
document.addEventListener("keydown", (event) => {
	if (event.key === "/" && !event.target.closest("input, dialog") && !$("#app").hidden) {
		event.preventDefault();
		$("#filter").focus();
	}
});

ask("/api/session").then(show_app, () => show_login());
