/**
 * Past chats, kept in localStorage: one key each, so that two open tabs write only their own. Bounded: the oldest go first.
 * What is read back is checked, since anything may have been written there.
 */
import type { AnswerStats, ChatMessage } from '../ollama.ts';

export interface Turn extends ChatMessage {
  readonly stats?: AnswerStats;
  /** Why an answer is not whole: the user stopped it, it ran into a limit, or it failed (then the reason). */
  readonly ended?: 'stopped' | 'length' | { readonly error: string };
}

export interface Chat {
  readonly id: string;
  /** Milliseconds since the epoch, of the last change. */
  updated: number;
  turns: Turn[];
}

const prefix = 'tabllama.chat.';
const maxChats = 50;
/** Characters over all chats; browsers give an origin about five million. */
const maxCharacters = 2_000_000;

export function newChat(): Chat {
  return {
    id: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
    updated: Date.now(),
    turns: [],
  };
}

/** The first words of a chat. */
export function titleOf(chat: Chat): string {
  return chat.turns[0]?.content.trim().replace(/\s+/g, ' ').slice(0, 60) ?? '';
}

/** All kept chats, newest first. */
export function listChats(): Chat[] {
  return entries().map(entry => entry.chat);
}

/** Keeps a chat, and drops the oldest others beyond the bounds. */
export function saveChat(chat: Chat): void {
  chat.updated = Date.now();
  const text = JSON.stringify(chat);
  let characters = text.length;
  const others = entries().filter(entry => entry.chat.id !== chat.id);
  const kept = others.filter((entry, index) => {
    characters += entry.characters;
    return index < maxChats - 1 && characters <= maxCharacters;
  });
  for (const entry of others) if (!kept.includes(entry)) deleteChat(entry.chat.id);
  for (;;) {
    try {
      localStorage.setItem(prefix + chat.id, text);
      return;
    } catch (error) {
      const oldest = kept.pop();
      if (!oldest) throw error;
      deleteChat(oldest.chat.id);
    }
  }
}

/** False once a chat was deleted, here or in another tab. */
export function isKept(id: string): boolean {
  return localStorage.getItem(prefix + id) !== null;
}

export function deleteChat(id: string): void {
  localStorage.removeItem(prefix + id);
}

function entries(): { chat: Chat; characters: number }[] {
  const found: { chat: Chat; characters: number }[] = [];
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(prefix)) continue;
    const text = localStorage.getItem(key) ?? '';
    const chat = parseChat(text);
    if (chat && prefix + chat.id === key) found.push({ chat, characters: text.length });
    else localStorage.removeItem(key);
  }
  return found.sort((a, b) => b.chat.updated - a.chat.updated);
}

function parseChat(text: string): Chat | undefined {
  try {
    const chat = JSON.parse(text) as Chat;
    const valid =
      typeof chat.id === 'string' &&
      Number.isFinite(chat.updated) &&
      chat.turns.length > 0 &&
      chat.turns.every(isTurn);
    return valid ? chat : undefined;
  } catch {
    return undefined;
  }
}

function isTurn(turn: Turn): boolean {
  return (turn.role === 'user' || turn.role === 'assistant') && typeof turn.content === 'string';
}
