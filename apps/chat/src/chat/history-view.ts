/** The list of past chats; on a narrow screen it opens over the conversation. */
import { type Chat, titleOf } from './history.ts';

export interface HistoryElements {
  readonly nav: HTMLElement;
  readonly list: HTMLElement;
  readonly template: HTMLTemplateElement;
  readonly opener: HTMLButtonElement;
}

export interface HistoryActions {
  open(id: string): void;
  remove(id: string): void;
}

export function createHistoryView(elements: HistoryElements, actions: HistoryActions) {
  const { nav, list, template, opener } = elements;

  function setOpen(open: boolean): void {
    nav.toggleAttribute('data-open', open);
    opener.setAttribute('aria-expanded', String(open));
  }
  opener.addEventListener('click', () => setOpen(!nav.hasAttribute('data-open')));
  nav.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    setOpen(false);
    opener.focus();
  });

  function itemOf(chat: Chat, current: string): DocumentFragment {
    const fragment = template.content.cloneNode(true) as DocumentFragment;
    const title = titleOf(chat);
    const open = fragment.querySelector<HTMLButtonElement>('.chat')!;
    open.textContent = title;
    open.title = title;
    open.addEventListener('click', () => actions.open(chat.id));
    if (chat.id === current) {
      fragment.querySelector('li')!.dataset.current = '';
      open.setAttribute('aria-current', 'true');
    }
    const remove = fragment.querySelector<HTMLButtonElement>('.delete')!;
    remove.setAttribute('aria-label', `Delete “${title}”`);
    remove.addEventListener('click', () => actions.remove(chat.id));
    return fragment;
  }

  return {
    show(chats: readonly Chat[], current: string): void {
      list.replaceChildren(...chats.map(chat => itemOf(chat, current)));
    },
    close: () => setOpen(false),
  };
}
