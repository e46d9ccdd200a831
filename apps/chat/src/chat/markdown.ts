/**
 * Markdown of a model, shown safely while it grows. The text is hostile: it becomes HTML through marked, and nothing but a
 * short list of harmless elements passes DOMPurify. No images, so that no address the model makes up is ever asked.
 */
import DOMPurify from 'dompurify';
import { marked, type Token } from 'marked';

const allowed = {
  ALLOWED_TAGS:
    'p br hr h1 h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li a table thead tbody tr th td'.split(
      ' ',
    ),
  ALLOWED_ATTR: ['href', 'title', 'start', 'align'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true as const,
};

/** A view of a growing Markdown text inside `element`; `update` takes the whole text so far. */
export function createMarkdownView(element: HTMLElement): { update(text: string): void } {
  let shown: { raw: string; nodes: ChildNode[] }[] = [];
  return {
    // Blocks that did not change keep their nodes: nothing flickers, and a selection in them stays.
    update(text) {
      const blocks = marked.lexer(text, { gfm: true, breaks: true });
      let same = 0;
      while (same < shown.length && same < blocks.length && shown[same].raw === blocks[same].raw) same++;
      for (const block of shown.slice(same)) for (const node of block.nodes) node.remove();
      const added = blocks
        .slice(same)
        .map(block => ({ raw: block.raw, nodes: [...render(block).childNodes] }));
      for (const block of added) element.append(...block.nodes);
      shown = [...shown.slice(0, same), ...added];
    },
  };
}

function render(block: Token): DocumentFragment {
  const fragment = DOMPurify.sanitize(marked.parser([block], { gfm: true, breaks: true }), allowed);
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
  }
  for (const code of fragment.querySelectorAll('pre')) {
    code.tabIndex = 0;
    wrap(code, 'code-frame').append(copyButton(code));
  }
  for (const table of fragment.querySelectorAll('table')) wrap(table, 'table-frame');
  return fragment;
}

/** Puts a box around an element, in its place, and returns the box. */
function wrap(element: HTMLElement, className: string): HTMLElement {
  const box = document.createElement('div');
  box.className = className;
  element.replaceWith(box);
  box.append(element);
  return box;
}

function copyButton(code: HTMLPreElement): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  return button;
}
