// Keys for a list: j and k move, / filters. Enter opens what has the focus, as everywhere.
(() => {
  const links = [...document.querySelectorAll('#cards > li > a')];
  const filter = document.querySelector('.filters select, .filters input');
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
    const at = links.indexOf(document.activeElement);
    const to = event.key === 'j' ? Math.min(at + 1, links.length - 1) : event.key === 'k' ? Math.max(at - 1, 0) : -1;
    if (to >= 0) { links[to]?.focus(); event.preventDefault(); }
    if (event.key === '/' && filter) { filter.focus(); event.preventDefault(); }
  });
})();
