// Looks at each framed page and writes what is wrong with it. Read by check.sh.
'use strict';
const lines = [];

function scrolls(element, page) {
    for (let e = element; e && e !== page.body; e = e.parentElement)
        if (['auto', 'scroll', 'hidden'].includes(page.defaultView.getComputedStyle(e).overflowX)) return true;
    return false;
}

function name(element) {
    return element.tagName + (element.textContent ? ' "' + element.textContent.trim().slice(0, 30) + '"' : '');
}

// The part of the smaller one that two boxes have in common.
function overlap(a, b) {
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width <= 0 || height <= 0) return 0;
    return width * height / Math.min(a.width * a.height, b.width * b.height);
}

function look(frame) {
    const page = frame.contentDocument, root = page.documentElement, bad = [];
    if (root.scrollWidth > root.clientWidth) bad.push('wider than the page: ' + root.scrollWidth);
    for (const e of page.body.querySelectorAll('*')) {
        if (e.closest('svg') && e.tagName !== 'svg') continue;
        if (e.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(e, page))
            bad.push('beyond the right edge: ' + name(e));
    }
    let texts = 0;
    for (const svg of page.querySelectorAll('svg')) {
        const frame = svg.getBoundingClientRect(), seen = [];
        for (const text of svg.querySelectorAll('text')) {
            const box = text.getBoundingClientRect();
            texts++;
            if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 ||
                box.bottom > frame.bottom + 1)
                bad.push('leaves its figure: ' + name(text));
            for (const other of seen)
                if (overlap(box, other.box) > 0.25) bad.push('on each other: ' + name(text) + ' and ' + name(other.text));
            seen.push({box, text});
        }
    }
    const asked = frame.contentWindow.performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:'));
    for (const r of asked) bad.push('asked for ' + r.name);
    lines.push('page ' + frame.getAttribute('src') + ' at ' + root.clientWidth + ': ' + texts + ' labels');
    for (const b of new Set(bad)) lines.push('BAD ' + b);
}

window.addEventListener('load', () => {
    for (const frame of document.querySelectorAll('iframe')) look(frame);
    document.getElementById('out').textContent = '\n' + lines.join('\n') + '\n';
});
