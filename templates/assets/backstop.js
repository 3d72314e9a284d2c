// Comfort only: every page works without this script.
'use strict';
(() => {
	const live = () => document.querySelectorAll('[data-live][id]');

	// Beside a time, how long ago it was.
	const ago = (then) => {
		const s = Math.round((Date.now() - then) / 1000);
		if (!Number.isFinite(s) || s < -60) return '';
		if (s < 5) return 'just now';
		if (s < 120) return s + ' s ago';
		if (s < 7200) return Math.round(s / 60) + ' min ago';
		if (s < 172800) return Math.round(s / 3600) + ' h ago';
		return Math.round(s / 86400) + ' days ago';
	};
	const tellAges = () => {
		for (const t of document.querySelectorAll('time.rel')) {
			let beside = t.nextElementSibling;
			if (!beside || !beside.classList.contains('ago')) {
				beside = document.createElement('span');
				beside.className = 'ago';
				t.after(beside);
			}
			const text = ago(Date.parse(t.dateTime));
			if (beside.textContent !== text) beside.textContent = text;
		}
	};

	// "/" goes to the search box, Escape leaves it.
	document.addEventListener('keydown', (e) => {
		const box = document.getElementById('q');
		if (!box || e.ctrlKey || e.metaKey || e.altKey) return;
		if (e.key === 'Escape' && document.activeElement === box) return box.blur();
		if (e.key !== '/' || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
		e.preventDefault();
		box.focus();
		box.select();
	});

	// Commands and addresses are copied by a click.
	document.addEventListener('click', async (e) => {
		const code = e.target.closest('code.copy');
		if (!code || !navigator.clipboard || String(getSelection())) return;
		try {
			await navigator.clipboard.writeText(code.textContent);
			code.classList.add('copied');
			setTimeout(() => code.classList.remove('copied'), 1200);
		} catch { /* the text can still be selected */ }
	});

	// While the page is looked at, its live parts are fetched again.
	const every = 5000;
	const was = new Map();
	const busy = () => {
		const at = document.activeElement;
		return document.hidden || String(getSelection()) !== '' ||
			(at && at !== document.body && at.closest('[data-live]'));
	};
	const say = (text) => {
		const fresh = document.getElementById('fresh');
		if (fresh) fresh.textContent = text;
	};
	const refresh = async () => {
		if (busy()) return true;
		const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, signal: AbortSignal.timeout(8000) });
		if (answer.redirected) {
			say(' · logged out: load the page again');
			return false;
		}
		const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
		if (busy()) return true;
		for (const part of live()) {
			const fresh = next.getElementById(part.id);
			if (!fresh || fresh.innerHTML === was.get(part.id)) continue;
			was.set(part.id, fresh.innerHTML);
			part.replaceChildren(...[...fresh.childNodes].map((n) => document.importNode(n, true)));
		}
		say(answer.ok ? ' · kept fresh' : ' · not fresh: the history is unavailable');
		tellAges();
		return true;
	};
	const keepFresh = async () => {
		let again = true;
		try {
			again = await refresh();
		} catch {
			say(' · not fresh: no connection');
		}
		if (again) setTimeout(keepFresh, every);
	};

	tellAges();
	setInterval(() => document.hidden || tellAges(), 10000);
	if ('refresh' in document.body.dataset) setTimeout(keepFresh, every);
})();
