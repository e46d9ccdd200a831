/** The conversation on the page: one article a turn, and a scroll position that follows only a reader at the end. */
import { formatSeconds, formatTokenRate } from '../format.ts';
import type { AnswerStats } from '../ollama.ts';
import type { Turn } from './history.ts';
import { createMarkdownView } from './markdown.ts';

/** A turn that is being answered. */
export interface AnswerView {
  /** Shows the whole text so far. */
  update(text: string): void;
  /** Shows the turn as it will stay. */
  finish(turn: Turn): void;
}

export interface ConversationElements {
  /** What scrolls. */
  readonly log: HTMLElement;
  readonly turns: HTMLElement;
  readonly template: HTMLTemplateElement;
  readonly toLatest: HTMLButtonElement;
}

/** Pixels from the end that still count as being at the end. */
const slack = 40;

export function createConversationView(elements: ConversationElements, retry: () => void) {
  const { log, turns, template, toLatest } = elements;
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < slack;
  const toEnd = () => log.scrollTo({ top: log.scrollHeight });
  const offerLatest = () => {
    toLatest.hidden = atEnd();
  };
  log.addEventListener('scroll', offerLatest, { passive: true });
  toLatest.addEventListener('click', toEnd);

  function following(change: () => void): void {
    const follow = atEnd();
    change();
    if (follow) toEnd();
    else offerLatest();
  }

  function addTurn(role: Turn['role']): HTMLElement {
    const article = (template.content.cloneNode(true) as DocumentFragment).querySelector<HTMLElement>(
      '.turn',
    )!;
    article.classList.add(role);
    if (role === 'user') article.querySelector('h3')!.textContent = 'You';
    turns.append(article);
    return article;
  }

  function addUser(text: string): void {
    addTurn('user').querySelector('.content')!.textContent = text;
    toEnd();
  }

  function addAnswer(): AnswerView {
    const article = addTurn('assistant');
    article.setAttribute('aria-busy', 'true');
    const content = createMarkdownView(article.querySelector<HTMLElement>('.content')!);
    const note = article.querySelector<HTMLElement>('.note')!;
    note.hidden = false;
    toEnd();
    let frame = 0;
    return {
      update(text) {
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => following(() => content.update(text)));
      },
      finish(turn) {
        cancelAnimationFrame(frame);
        following(() => {
          content.update(turn.content);
          article.removeAttribute('aria-busy');
          note.textContent = describe(turn);
          if (typeof turn.ended !== 'object') return;
          note.classList.add('error');
          const button = article.querySelector<HTMLButtonElement>('.retry')!;
          button.hidden = false;
          button.addEventListener('click', retry);
        });
      },
    };
  }

  return {
    addUser,
    addAnswer,
    /** Shows a whole chat in place of what is there. */
    show(chat: readonly Turn[]): void {
      turns.replaceChildren();
      for (const turn of chat) {
        if (turn.role === 'user') addUser(turn.content);
        else addAnswer().finish(turn);
      }
      offerLatest();
    },
    /** Takes the last turn off the page. */
    removeLast(): void {
      turns.lastElementChild?.remove();
    },
  };
}

function describe({ stats, ended }: Turn): string {
  if (typeof ended === 'object') return ended.error;
  const parts: string[] = [];
  if (ended === 'stopped') parts.push('Stopped');
  if (ended === 'length') parts.push('Cut off at the length limit');
  if (stats) parts.push(describeStats(stats));
  return parts.join(' · ');
}

function describeStats(stats: AnswerStats): string {
  return [
    formatTokenRate(stats.eval_count, stats.eval_duration),
    `${stats.eval_count} ${stats.eval_count === 1 ? 'token' : 'tokens'}`,
    `prompt ${stats.prompt_eval_count} in ${formatSeconds(stats.prompt_eval_duration / 1e9)}`,
    `${formatSeconds(stats.total_duration / 1e9)} in all`,
  ].join(' · ');
}
