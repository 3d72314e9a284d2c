// Drives Chromium through one scenario: node browser.mjs SCENARIO CONFIG-AS-JSON
// Exits 1 with a sentence where the page does not do what it should.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';

const [scenario, json] = process.argv.slice(2);
const config = JSON.parse(json);
const { chromium } = createRequire(config.testtools + '/package.json')('playwright-core');

const browser = await chromium.launch({
	executablePath: config.chromium,
	headless: true,
	args: [
		'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync', '--host-resolver-rules=' + config.hosts,
	],
});

const complaints = [];
const check = (ok, sentence) => {
	if (!ok) throw new Error(sentence);
};
const same = (got, want, what) => check(got === want, `${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);

// open is a browser of somebody who has not been here before.
const open = async (options = {}) => {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	context.setDefaultTimeout(30000);
	const page = await context.newPage();
	if (config.now) await page.clock.setFixedTime(config.now);
	page.on('console', (m) => {
		// A page that says 400, 401, 404 or 503 is meant to.
		if (['error', 'warning'].includes(m.type()) && !/status of (400|401|403|404|503)/.test(m.text())) complaints.push(`${page.url()}: ${m.text()}`);
	});
	page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e}`));
	page.on('request', (r) => {
		if (new URL(r.url()).origin !== new URL(config.base).origin) complaints.push(`${page.url()} asks ${r.url()}`);
	});
	return { context, page };
};
const logIn = async (page) => {
	await page.goto(config.base + '/login');
	await page.getByLabel('User name').fill('admin');
	await page.getByLabel('Password').fill(config.password);
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.waitForURL((u) => u.pathname === '/');
};
const rows = (page) => page.locator('table.rows tbody tr:not(.day)').count();
const shows = async (page, n, what) => {
	const deadline = Date.now() + 5000;
	while (await rows(page) !== n && Date.now() < deadline) await page.waitForTimeout(50);
	same(await rows(page), n, what);
};

// people do with and without script what everybody does.
const people = async (page, script) => {
	await page.goto(config.base + '/history?code=11202');
	same(new URL(page.url()).pathname, '/login', 'a stranger is sent to');
	await page.getByLabel('User name').fill('admin');
	await page.getByLabel('Password').fill('wrong');
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.getByText('User name or password is wrong').waitFor();
	await page.getByLabel('Password').fill(config.password);
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.waitForURL(config.base + '/history?code=11202');
	await page.locator('table.rows').waitFor();
	const narrowed = await rows(page);
	check(narrowed > 3, `filtered by code there are ${narrowed} rows`);

	if (script) {
		await page.keyboard.press('/');
		same(await page.evaluate(() => document.activeElement.id), 'q', '"/" goes to');
	}
	const box = page.getByRole('searchbox', { name: 'Search the error history' });
	await box.fill('+49 (0)171 / 1234567');
	await box.press('Enter');
	await page.waitForURL((u) => u.searchParams.get('number') === '+491711234567');
	await shows(page, 1, 'rows of one number');
	await page.getByRole('link', { name: 'Remove the filter Number' }).click();
	await page.waitForURL((u) => !u.searchParams.has('number'));
	await box.fill('what is this?');
	await box.press('Enter');
	await page.getByText('What the search box understands').waitFor();
	same(await box.inputValue(), 'what is this?', 'the search box keeps');

	await page.goto(config.base + '/history');
	await page.getByText('Filters').click();
	await page.getByLabel('Channel').selectOption('messaging');
	await page.getByRole('button', { name: 'Apply' }).click();
	await page.waitForURL(config.base + '/history?channel=messaging');
	await shows(page, 7, 'rows of messages');

	await page.goto(config.base + '/history');
	const all = await rows(page);
	await page.locator('svg.bars a').first().click();
	await page.waitForURL((u) => u.searchParams.has('since') && u.searchParams.has('until'));
	await page.locator('table.rows').waitFor();
	const few = await rows(page);
	check(few > 0 && few < all, `a bar narrows ${all} rows to ${few}`);
	await page.locator('svg.bars a').first().click();
	await page.locator('svg.bars .beside').waitFor({ state: 'attached' });
	await page.getByRole('link', { name: 'show all of it' }).click();
	await page.locator('table.rows').waitFor();
	check(await rows(page) >= few, 'the time around a bar has fewer rows than the bar');

	await page.goto(config.base + '/history?channel=messaging');
	await page.locator('table.rows a.title').first().click();
	await page.waitForURL(/\/history\/[0-9a-f-]{36}$/);
	same(await page.getByText('Is my appointment still on?').count(), 0, 'bodies shown before they are revealed');
	await page.getByRole('button', { name: 'Reveal Body' }).click();
	await page.getByText('Is my appointment still on?').waitFor();
	await page.getByText('It is recorded that you looked').waitFor();
	await page.getByRole('link', { name: 'Hide again' }).click();
	same(await page.getByText('Is my appointment still on?').count(), 0, 'bodies shown after they are hidden again');
	await page.getByText('revealed Body').waitFor();
	await page.getByText(/^TwiML, /).click();
	await page.getByText('<Response>').waitFor();

	await page.goto(config.base + '/history?channel=messaging');
	same(await page.getByText('+447700900003').count(), 0, 'numbers shown before they are revealed');
	await page.getByRole('button', { name: 'Reveal the numbers of this page' }).click();
	await page.getByText('+447700900003').waitFor();
	await page.getByText('the numbers of this page, 7 failures').waitFor();
	await page.getByRole('link', { name: 'Hide again' }).click();
	await page.waitForURL(config.base + '/history?channel=messaging');
	same(await page.getByText('+447700900003').count(), 0, 'numbers shown after they are hidden again');

	await page.goto(config.base + '/incidents');
	await page.getByRole('link', { name: '#14' }).click();
	await page.getByRole('button', { name: 'Acknowledge' }).click();
	await page.getByText('taken by admin').waitFor();
	await page.getByRole('button', { name: 'Resolve' }).click();
	await page.getByText('resolved by admin').first().waitFor();
	same(await page.getByRole('button', { name: 'Resolve' }).count(), 0, 'buttons to resolve what is resolved');

	await page.getByRole('button', { name: 'Log out' }).click();
	await page.waitForURL(config.base + '/login');
	await page.goto(config.base + '/incidents/14');
	same(new URL(page.url()).pathname, '/login', 'after logging out one is sent to');
};

// hush does with and without script what keeps people from being told, by keyboard
// where that can go wrong.
const hush = async (page) => {
	await logIn(page);
	await page.goto(config.base + '/incidents/14');
	await page.getByText('DNS ok, connection refused').waitFor();
	await page.getByRole('button', { name: 'Mute for 1 hour' }).press('Enter');
	await page.getByText('muted by admin').first().waitFor();
	await page.getByRole('button', { name: 'Unmute' }).press('Enter');
	await page.getByRole('button', { name: 'Unmute' }).waitFor({ state: 'detached' });
	await page.getByText('Mute until …').press('Enter');
	await page.getByLabel('Until (Europe/Berlin)').fill('yesterday');
	await page.getByLabel('or until so many callers').fill('100');
	await page.keyboard.press('Enter');
	await page.getByText('write a time such as').waitFor();
	same(await page.getByLabel('or until so many callers').inputValue(), '100', 'what was typed');
	await page.getByLabel('Until (Europe/Berlin)').fill('');
	await page.getByLabel('or until so many callers').press('Enter');
	await page.getByText('or 100 callers are reached').waitFor();

	await page.getByRole('link', { name: 'Silence this host for 2 hours' }).click();
	await page.waitForURL((u) => u.pathname === '/silences' && u.searchParams.get('hosts') === 'www.example.com');
	await page.getByText('It would hush').waitFor();
	await page.getByRole('button', { name: 'Silence', exact: true }).click();
	await page.getByText('say why').waitFor();
	same(await page.getByLabel('Hosts').inputValue(), 'www.example.com', 'the host after a mistake');
	await page.getByLabel('Hosts').fill('nowhere.example.com');
	await page.getByRole('button', { name: 'What would it hush?' }).click();
	await page.getByText('No incident that is open now would be hushed').waitFor();
	await page.getByLabel('Hosts').fill('www.example.com');
	await page.getByLabel('Why').fill('a <b>new</b> disk');
	await page.keyboard.press('Enter');
	await page.waitForURL((u) => u.pathname === '/silences' && u.hash.startsWith('#s-'));
	await page.getByText('a <b>new</b> disk').waitFor();
	await page.getByRole('button', { name: 'End the silence host www.example.com' }).press('Enter');
	await page.getByText('by admin').first().waitFor();

	await page.goto(config.base + '/incidents/14');
	await page.getByRole('link', { name: 'Who would be told of this?' }).click();
	await page.getByText('It is a page', { exact: true }).waitFor();
	await page.getByLabel('An incident').fill('');
	await page.getByLabel('or a line').fill('+49 30 901820');
	await page.keyboard.press('Enter');
	await page.getByText('(by routes 1 and 2)').waitFor();
	await page.getByRole('button', { name: 'Send a test through ops-mail' }).press('Enter');
	await page.waitForURL((u) => u.hash === '#n-ops-mail');
	await page.getByText('test taken').waitFor();
};

const scenarios = {
	async hush() {
		for (const javaScriptEnabled of [true, false]) {
			const { page, context } = await open({ javaScriptEnabled });
			await hush(page);
			await context.close();
		}
	},

	async loopback() {
		const { context, page } = await open();
		await people(page, true);
		await logIn(page);
		const [cookie] = await context.cookies();
		same(cookie.name, 'backstop', 'the cookie');
		check(cookie.httpOnly && cookie.sameSite === 'Lax' && !cookie.secure, `cookie ${JSON.stringify(cookie)}`);
	},

	async noscript() {
		const { page } = await open({ javaScriptEnabled: false });
		await people(page, false);
	},

	async https() {
		const { context, page } = await open({ ignoreHTTPSErrors: true });
		await people(page, true);
		await logIn(page);
		const [cookie] = await context.cookies();
		same(cookie.name, '__Host-backstop', 'the cookie');
		check(cookie.httpOnly && cookie.sameSite === 'Lax' && cookie.secure && cookie.path === '/', `cookie ${JSON.stringify(cookie)}`);
	},

	async lan() {
		const { context, page } = await open();
		for (const path of ['/', '/login', '/history', '/incidents/14']) {
			await page.goto(config.base + path);
			same(new URL(page.url()).pathname, '/login', path + ' leads to');
			same(await page.locator('form').count(), 0, 'forms over plain http');
			for (const way of ['https by a reverse proxy', 'An SSH tunnel', 'A port of its own']) await page.getByText(way).waitFor();
		}
		const status = await page.evaluate(async (password) => (await fetch('/login', {
			method: 'POST', body: new URLSearchParams({ username: 'admin', password }),
		})).status, config.password);
		same(status, 403, 'a password sent all the same');
		same((await context.cookies()).length, 0, 'cookies over plain http');
		await shot(page, 'lan-login');
	},

	async refresh() {
		const { page } = await open();
		await logIn(page);
		await page.goto(config.base + '/history');
		const before = await rows(page);
		await page.evaluate((add) => fetch(add, { method: 'POST' }), config.add);
		await page.waitForFunction((n) => document.querySelectorAll('table.rows tbody tr:not(.day)').length > n, before, { timeout: 15000 });
		check(await page.locator('.ago').count() > 0, 'no time says how long ago it was');
	},

	async hostile() {
		const { page } = await open();
		await logIn(page);
		page.on('dialog', (d) => complaints.push('a dialog: ' + d.message()));
		for (const path of config.paths) {
			await page.goto(config.base + path);
			same(await page.locator('script').count(), 1, path + ': scripts');
			same(await page.locator('img').count(), 0, path + ': pictures');
			await fits(page, path);
		}
		await page.getByRole('button', { name: 'Reveal all' }).click();
		await page.getByText('It is recorded').waitFor();
		same(await page.locator('script').count(), 1, 'revealed: scripts');
		await fits(page, 'revealed');
	},

	async layouts() {
		for (const colorScheme of ['light', 'dark']) {
			for (const width of [1280, 360]) {
				const { page, context } = await open({ colorScheme, viewport: { width, height: width === 360 ? 740 : 900 }, reducedMotion: 'reduce' });
				const name = (path) => `${config.name}-${path.replace(/[0-9a-f]{8}-[0-9a-f-]+|(?<=incidents.)[0-9]+/, 'id').replace(/[^a-z]+/g, '-').replace(/^-|-$/g, '') || 'overview'}-${colorScheme}-${width}`;
				await page.goto(config.base + '/login');
				await looks(page, name('/login'));
				await logIn(page);
				for (const path of config.paths) {
					await page.goto(config.base + path);
					if (path === '/history' && width === 1280) await looks(page, name(path) + '-plain');
					if (config.press) {
						await page.getByRole('button', { name: config.press }).click();
						await page.getByText(config.press.startsWith('Send') ? 'by admin' : 'It is recorded').first().waitFor();
						for (const d of await page.locator('.acts details').all()) await d.evaluate((d) => { d.open = true; });
					}
					const filters = page.locator('details.filters');
					if (await filters.count()) await filters.evaluate((d) => { d.open = true; });
					await looks(page, name(path));
				}
				await context.close();
			}
		}
	},

	async picture() {
		const { page } = await open({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 });
		await logIn(page);
		await page.goto(config.base + '/history?since=24h');
		await page.getByRole('link', { name: 'Remove the filter Time' }).evaluate((a) => a.closest('.chips').remove());
		await page.screenshot({ path: config.picture });
	},
};

const shot = async (page, name) => {
	if (!config.shots) return;
	mkdirSync(config.shots, { recursive: true });
	await page.screenshot({ path: `${config.shots}/${name}.png`, fullPage: true });
};
const fits = async (page, name) => {
	const [wide, is] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	check(wide <= is, `${name} is ${wide} wide on a screen of ${is}`);
};
// looks measures what eyes would see: width, contrast, names of controls.
const looks = async (page, name) => {
	await shot(page, name);
	await fits(page, name);
	const faults = await page.evaluate(() => {
		const rgb = (s) => {
			const m = s.match(/[\d.]+/g).map(Number);
			return { r: m[0], g: m[1], b: m[2], a: m[3] ?? 1 };
		};
		const light = (c) => {
			const [r, g, b] = [c.r, c.g, c.b].map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const behind = (e) => {
			for (; e; e = e.parentElement) {
				const c = rgb(getComputedStyle(e).backgroundColor);
				if (c.a === 1) return c;
			}
			return { r: 255, g: 255, b: 255 };
		};
		const faults = [];
		for (const e of document.querySelectorAll('body *')) {
			const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
			if (!own || !e.checkVisibility() || e.closest('svg, .sr, .skip, option')) continue;
			const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
			const ratio = (a + 0.05) / (b + 0.05);
			if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)} of “${e.textContent.trim().slice(0, 40)}” (${e.className || e.tagName})`);
		}
		for (const e of document.querySelectorAll('input:not([type=hidden]), select, button')) {
			if (!e.labels?.length && !e.getAttribute('aria-label') && !e.textContent.trim()) faults.push('without a name: ' + e.outerHTML);
		}
		for (const t of document.querySelectorAll('table')) if (!t.querySelector('thead th[scope=col]')) faults.push('a table without headers');
		const edges = [...document.querySelectorAll('.grid label:not(.check)')].map((l) => l.getBoundingClientRect());
		for (const e of edges) {
			const beside = edges.find((o) => Math.abs(o.top - e.top) < 10 && (o.top !== e.top || o.bottom !== e.bottom));
			if (beside) faults.push(`labels out of line: ${e.top}–${e.bottom} beside ${beside.top}–${beside.bottom}`);
		}
		if (document.querySelectorAll('h1').length !== 1) faults.push(document.querySelectorAll('h1').length + ' first headings');
		const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
		for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push('the same id twice: ' + id);
		return faults;
	});
	check(faults.length === 0, `${name}:\n  ${faults.join('\n  ')}`);
};

try {
	await scenarios[scenario]();
	check(complaints.length === 0, 'Chromium complains:\n  ' + complaints.join('\n  '));
} catch (e) {
	console.error(e.message);
	for (const context of browser.contexts()) {
		for (const page of context.pages()) console.error(`at ${page.url()}:\n${(await page.locator('body').innerText()).slice(0, 2000)}`);
	}
	process.exitCode = 1;
} finally {
	await browser.close();
}
