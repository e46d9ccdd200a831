/** Says what stands in the way, in words and with what to do, and offers to try again. */
export interface Problem {
  readonly title: string;
  readonly text: string;
  readonly remedies?: readonly string[];
}

export function createProblemView(element: HTMLElement) {
  const button = element.querySelector('button')!;
  return {
    show({ title, text, remedies = [] }: Problem, again: () => void): void {
      element.querySelector('h2')!.textContent = title;
      element.querySelector('p')!.textContent = text;
      element.querySelector('ul')!.replaceChildren(
        ...remedies.map(remedy => {
          const item = document.createElement('li');
          item.textContent = remedy;
          return item;
        }),
      );
      button.onclick = again;
      element.hidden = false;
    },
    hide(): void {
      element.hidden = true;
    },
  };
}
