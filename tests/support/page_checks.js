// What the gates ask of a page. It runs in the page, and answers with lists of sentences.
(() => {
  const frames = (count) => new Promise((done) => {
    const next = (left) => (left ? requestAnimationFrame(() => next(left - 1)) : done());
    next(count);
  });

  const name = (node) => {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    const classes = [...element.classList].slice(0, 3).map((one) => `.${one}`).join('');
    const own = element.localName + (element.id ? `#${element.id}` : classes);
    const section = element.closest('section[id]');
    const place = section && section !== element ? `section#${section.id} ` : '';
    const words = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
    return `${place}${own}${words ? ` “${words}”` : ''}`;
  };

  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false });

  const settled = (image) => new Promise((done) => {
    if (image.complete) return done();
    image.addEventListener('load', done, { once: true });
    image.addEventListener('error', done, { once: true });
    setTimeout(done, 5000);
  });

  const near = ({ top, bottom }) => bottom > -100 && top < innerHeight + 100;

  /** Scroll through the page as a reader does, and wait for the pictures on the way. */
  async function read() {
    const page = document.documentElement;
    for (let top = 0; ; top += innerHeight * 0.8) {
      scrollTo({ top, behavior: 'instant' });
      await frames(2);
      const images = [...document.images].filter((image) => !image.complete && shown(image) && near(image.getBoundingClientRect()));
      if (images.length) {
        await Promise.all(images.map(settled));
        await frames(2); // what they move is seen before the page is scrolled on
      }
      if (top + innerHeight >= page.scrollHeight) break;
    }
    await document.fonts.ready;
    await frames(2);
  }

  async function openAnswers() {
    for (const details of document.querySelectorAll('details')) details.open = true;
    await settle();
  }

  /** Wait until the page has followed a change of its window or of the scheme. */
  async function settle() {
    await frames(2);
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime < Infinity);
    await Promise.allSettled(ending.map((one) => one.finished));
    const images = [...document.images].filter(shown);
    for (const image of images) image.loading = 'eager'; // nobody scrolls to it any more
    await Promise.all(images.map(settled));
  }

  /** Text is light in the dark, and dark in the light. */
  function scheme(wanted) {
    const [red, green, blue] = getComputedStyle(document.body).color.match(/[\d.]+/g).map(Number);
    const seen = red + green + blue > 1.5 * 255 ? 'dark' : 'light';
    return seen === wanted ? [] : [`the system is ${wanted}, the page stays ${seen}`];
  }

  function images() {
    const found = [];
    for (const image of document.images) {
      if (!shown(image)) continue;
      const label = image.getAttribute('src');
      if (!image.complete) found.push(`${label} is not loaded`);
      else if (!(image.naturalWidth > 0 && image.naturalHeight > 0)) found.push(`${label} has no size of its own: broken?`);
      for (const side of ['width', 'height']) {
        // Without both the text jumps when the picture arrives.
        if (!/^\d+$/.test(image.getAttribute(side))) found.push(`${label} has no attribute ${side}`);
      }
    }
    return found;
  }

  function links() {
    const kinds = ['preconnect', 'dns-prefetch', 'prefetch', 'preload', 'modulepreload', 'prerender', 'stylesheet', 'icon', 'manifest'];
    return [...document.querySelectorAll('link[href]')]
      .filter((link) => kinds.some((kind) => link.relList.contains(kind)))
      .filter((link) => !['data:', 'blob:'].includes(new URL(link.href).protocol) && new URL(link.href).origin !== location.origin)
      .map((link) => `<link rel="${link.rel}"> names another host: ${link.href}`);
  }

  /** What sticks out of the page, or of a box that cuts it off. A box that scrolls is fine. */
  function sideways() {
    const page = document.documentElement;
    const found = [];
    if (page.scrollWidth > page.clientWidth) found.push(`the page is ${page.scrollWidth} px wide, the window ${page.clientWidth} px`);
    for (const column of document.querySelectorAll('body :has(h1)')) {
      // The theme lets its main column scroll: the page as good as scrolls then.
      if (column.scrollWidth > column.clientWidth + 1 && getComputedStyle(column).overflowX !== 'visible') {
        found.push(`${name(column).split(' “')[0]} scrolls: its content is ${column.scrollWidth} px wide, it is ${column.clientWidth} px`);
      }
    }
    for (const formula of document.querySelectorAll('.katex-display')) {
      // axe-core finds it too, but is asked in one size only.
      if (formula.scrollWidth > formula.clientWidth) {
        found.push(`a formula is ${formula.scrollWidth} px wide, its box ${formula.clientWidth} px, and no key scrolls it: ${formula.textContent.slice(0, 40)}`);
      }
    }
    const everywhere = { left: -Infinity, right: Infinity };
    const windows = new Map([[page, { left: 0, right: page.clientWidth, by: page }]]);
    const windowOf = (element) => {
      if (windows.has(element)) return windows.get(element);
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      let found = windowOf(element.parentElement);
      if (style.position === 'fixed') found = windows.get(page);
      const tiny = box.width <= 1 || box.height <= 1;
      if (tiny && style.overflow !== 'visible') found = null; // for screen readers
      else if (style.clipPath !== 'none') found = null;
      else if (found && ['auto', 'scroll'].includes(style.overflowX) && !element.querySelector('h1')) found = everywhere;
      else if (found && style.overflowX !== 'visible') {
        found = box.right < found.right || box.left > found.left
          ? { left: Math.max(found.left, box.left), right: Math.min(found.right, box.right), by: element }
          : found;
      }
      windows.set(element, found);
      return found;
    };
    const judge = (element, rects) => {
      const room = windowOf(element);
      const out = room && [...rects].find(({ left, right, width }) => width > 1 && (right > room.right + 1 || left < room.left - 1));
      if (out) found.push(`${name(element)} ends at ${out.left.toFixed()} … ${out.right.toFixed()} px and is cut off by ${name(room.by)}`);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
      if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT;
      return !shown(node) || node.matches('script, style, template, noscript') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
    });
    const range = document.createRange();
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType === Node.TEXT_NODE) {
        range.selectNodeContents(node);
        judge(node.parentElement, range.getClientRects());
      } else if (node.matches('img, svg, canvas, video, input, button, select, textarea, iframe')) {
        judge(node.parentElement, [node.getBoundingClientRect()]);
      }
    }
    return found;
  }

  function shifts(limit) {
    // What moved just before the scripts here ran may not have been handed over yet.
    watcher.takeRecords().forEach(note);
    const total = moved.reduce((sum, { value }) => sum + value, 0);
    if (total < limit) return [];
    return [`layout shift ${total.toFixed(3)}, allowed is less than ${limit}`].concat(
      moved.filter(({ value }) => value > 0.001).map(({ value, nodes }) => `${value.toFixed(3)}: ${nodes.join(', ')}`),
    );
  }

  /** Run axe-core on the page or on a part of it. */
  async function accessibility(part, rules) {
    const options = { resultTypes: ['violations'], iframes: false, ...(rules && { runOnly: rules }) };
    const { violations } = await axe.run(part || document, options);
    return violations.flatMap(({ id, help, helpUrl, nodes }) => nodes
      .map(({ target, any }) => `${id}: ${help}: ${target}${any.length ? ` (${any[0].message})` : ''}; see ${helpUrl}`));
  }

  /** Run the rules that may say something else in the other scheme. */
  const colours = () => accessibility(document, ['color-contrast', 'link-in-text-block']);

  const place = ({ x, y, width, height }) => [x, y, width, height].map((number) => number.toFixed()).join(', ');
  const moved = [];
  const note = (entry) => {
    if (entry.hadRecentInput) return;
    moved.push({ value: entry.value, nodes: entry.sources.filter(({ node }) => node).map(({ node, previousRect, currentRect }) =>
      `${name(node)} from (${place(previousRect)}) to (${place(currentRect)})`) });
  };
  const watcher = new PerformanceObserver((list) => list.getEntries().forEach(note));
  watcher.observe({ type: 'layout-shift', buffered: true });

  window.pageChecks = {
    accessibility, colours, images, links, openAnswers, read, scheme, settle, shifts, sideways,
  };
})();
