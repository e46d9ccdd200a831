/** Where a message is written: Enter sends, Shift+Enter breaks the line, Escape stops the answer. */
export interface ComposerElements {
  readonly form: HTMLFormElement;
  readonly message: HTMLTextAreaElement;
  readonly send: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
}

export interface ComposerActions {
  send(text: string): void;
  stop(): void;
}

/** `waiting`: nothing can be sent yet; what is typed stays. */
export type ComposerState = 'waiting' | 'ready' | 'answering' | 'off';

export function createComposer(elements: ComposerElements, actions: ComposerActions) {
  const { form, message, send, stop } = elements;
  let state: ComposerState = 'waiting';

  function refresh(): void {
    message.disabled = state === 'off';
    send.hidden = state === 'answering';
    stop.hidden = state !== 'answering';
    send.disabled = state !== 'ready' || message.value.trim() === '';
    if (CSS.supports('field-sizing', 'content')) return;
    message.style.height = 'auto';
    message.style.height = `${message.scrollHeight}px`;
  }

  message.addEventListener('input', refresh);
  message.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && state === 'answering') actions.stop();
  });
  stop.addEventListener('click', actions.stop);
  form.addEventListener('submit', event => {
    event.preventDefault();
    const text = message.value.trim();
    if (state !== 'ready' || text === '') return;
    message.value = '';
    actions.send(text);
    refresh();
  });

  return {
    set(next: ComposerState): void {
      // A hidden or disabled button loses the focus: the next place for it is the text.
      const refocus = form.contains(document.activeElement);
      state = next;
      refresh();
      if (refocus) message.focus();
    },
    focus: () => message.focus(),
  };
}
