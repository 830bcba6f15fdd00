// Does what a person would in the dashboard: drive.mjs MODULES URL USER PASSWORD [PICTURES]
import { createRequire } from "node:module";
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

const [modules, url, user, password, pictures] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
const page = await context.newPage();
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));

const picture = async (name, of = page) => pictures && of.screenshot({ path: `${pictures}/${name}.png` });
const row = (name) => page.locator("#peers tbody tr", { has: page.getByRole("button", { name: new RegExp(`^${name}:`) }) });

const steps = {
	async "a wrong password is refused, and said to the screen reader"() {
		await page.goto(url);
		await page.getByLabel("User").fill(user);
		await page.getByLabel("Password").fill("not the password");
		await page.keyboard.press("Enter");
		await page.getByRole("alert").filter({ hasText: "wrong" }).waitFor();
		complaints.length = 0; // the browser's own words about the answers 401 and 403
	},
	async "the right one lets in, by keyboard alone"() {
		await page.getByLabel("Password").fill(password);
		await page.keyboard.press("Enter");
		await row("berlin-office").waitFor();
	},
	async "peers are listed with their state"() {
		await page.getByRole("button", { name: /^berlin-office: has a session/ }).waitFor();
		await page.getByRole("button", { name: /^alice-laptop: no session/ }).waitFor();
		assert.equal(await page.locator("#total-peers").textContent(), "5");
		await page.locator("#total-rx", { hasText: "/s" }).waitFor();
	},
	async "the chart shows what flowed"() {
		await row("berlin-office").getByRole("button", { name: /Show the traffic/ }).click();
		await page.getByRole("heading", { name: "Traffic of berlin-office" }).waitFor();
		await page.waitForFunction(() => /at most [1-9]/.test(document.querySelector("#chart-says").textContent), null, { timeout: 60000 });
		await page.waitForTimeout(pictures ? 40000 : 0);
		await picture("dashboard-light");
		await page.emulateMedia({ colorScheme: "dark" });
		await picture("dashboard-dark");
		await page.emulateMedia({ colorScheme: "light" });
	},
	async "filter and order"() {
		await page.keyboard.press("/");
		await page.keyboard.type("office");
		await page.waitForFunction(() => document.querySelectorAll("#peers tbody tr").length === 2);
		await page.getByRole("button", { name: /^Name/ }).click();
		assert.equal(await page.locator("#peers th").first().getAttribute("aria-sort"), "descending");
		assert.match(await page.locator("#peers tbody tr").first().textContent(), /office-printer/);
		await page.getByPlaceholder("Name, address, key").fill("");
	},
	async "a peer is added, with a code and a file"() {
		await page.getByRole("button", { name: "Add a peer" }).click();
		await page.locator("#add-dialog [name=name]").fill("new-phone");
		await page.locator("#add-dialog [name=expires]").fill("2099-12-31");
		await page.keyboard.press("Enter");
		const dialog = page.getByRole("dialog", { name: "Configuration of new-phone" });
		await dialog.waitFor();
		assert.match(await page.locator("#config").textContent(), /PrivateKey = .{44}/);
		assert.ok(await page.locator("#qr img").evaluate((img) => img.complete && img.naturalWidth > 0));
		if (pictures) { // a key that opens nothing any more when this is read
			await page.locator("#config").evaluate((pre) => { pre.textContent = pre.textContent.replace(/(Key = ).*/g, "$1..."); });
			await picture("dashboard-peer");
		}
		const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
		assert.equal(download.suggestedFilename(), "new-phone.conf");
		assert.match(readFileSync(await download.path(), "utf8"), /\[Interface\]/);
		await page.getByRole("button", { name: "Done" }).click();
		assert.equal(await page.locator("#config").textContent(), "");
		await row("new-phone").getByText("until 2099-12-31").waitFor();
	},
	async "the same name again is refused"() {
		await page.getByRole("button", { name: "Add a peer" }).click();
		await page.locator("#add-dialog [name=name]").fill("new-phone");
		await page.keyboard.press("Enter");
		await page.locator("#add-dialog").getByRole("alert").filter({ hasText: "already" }).waitFor();
		await page.keyboard.press("Escape");
	},
	async "it is renamed, disabled, enabled and removed"() {
		const open = (name) => page.getByRole("button", { name: new RegExp(`^${name}:`) }).click();
		await open("new-phone");
		await page.locator("#peer-dialog [name=name]").fill("old-phone");
		await page.getByRole("button", { name: "Save" }).click();
		await row("old-phone").waitFor();
		await open("old-phone");
		await page.getByRole("button", { name: "Disable" }).click();
		await page.getByRole("button", { name: /^old-phone: disabled/ }).waitFor();
		await open("old-phone");
		await page.getByRole("button", { name: "Enable" }).click();
		await page.getByRole("button", { name: /^old-phone: no session/ }).waitFor();
		await open("old-phone");
		await page.getByRole("button", { name: "Remove" }).click();
		await page.getByRole("button", { name: "Remove for good?" }).click();
		await row("old-phone").waitFor({ state: "detached" });
	},
	async "the doctor and the audit log speak"() {
		await page.getByRole("button", { name: "Doctor" }).click();
		await page.locator("#list .finding, #list p:not(:text('Looking'))").first().waitFor();
		await picture("dashboard-doctor");
		await page.keyboard.press("Escape");
		await page.getByRole("button", { name: "Audit log" }).click();
		await page.locator("#list", { hasText: "remove peer old-phone on wg0" }).waitFor();
		await page.keyboard.press("Escape");
	},
	async "it fits a phone"() {
		await page.setViewportSize({ width: 390, height: 844 });
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
		await picture("dashboard-phone");
		await page.setViewportSize({ width: 1280, height: 900 });
	},
	async "text of others stays text"() {
		assert.equal(await page.evaluate(() => document.querySelectorAll("script:not([src]), [onclick]").length), 0);
	},
	async "after logging out nothing is shown"() {
		await page.getByRole("button", { name: /Log out/ }).click();
		await page.getByLabel("Password").waitFor();
		complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes("401")));
		assert.ok(await page.locator("#app").isHidden());
	},
	async "the browser had nothing to complain of"() {
		assert.deepEqual(complaints.filter((text) => !/40[13]|422/.test(text)), []);
	},
};

console.log(`TAP version 13\n1..${Object.keys(steps).length}`);
let number = 0, failed = 0;
for (const [name, act] of Object.entries(steps)) {
	number++;
	try {
		await act();
		console.log(`ok ${number} - ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${number} - ${name}\n${String(error).replace(/^/gm, "# ")}`);
	}
}
await browser.close();
process.exit(failed ? 1 : 0);
