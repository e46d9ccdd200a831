/** What the pages need of Ollama's API, through plain `fetch`: JSON answers, and streams of one JSON object a line. */

export interface InstalledModel {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly details: { readonly parameter_size: string; readonly quantization_level: string };
}

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** The figures of a last line; durations in nanoseconds. */
export interface AnswerStats {
  readonly total_duration: number;
  readonly prompt_eval_count: number;
  readonly prompt_eval_duration: number;
  readonly eval_count: number;
  readonly eval_duration: number;
}

export interface ChatLine extends Partial<AnswerStats> {
  readonly message: { readonly content: string };
  readonly done: boolean;
  readonly done_reason?: string;
}

export interface PullLine {
  readonly status: string;
  readonly digest?: string;
  /** Bytes. */
  readonly total?: number;
  readonly completed?: number;
}

/** Models that are here, newest first. */
export async function installedModels(): Promise<InstalledModel[]> {
  const response = await accepted(await fetch('/api/tags'));
  return (await response.json()).models;
}

export function pull(model: string, signal: AbortSignal): AsyncGenerator<PullLine> {
  return lines<PullLine>('/api/pull', { model }, signal);
}

/** Loads the model onto the GPU and waits until it is there. */
export async function load(model: string, signal: AbortSignal): Promise<void> {
  await accepted(await post('/api/generate', { model }, signal));
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly options?: Readonly<Record<string, number>>;
}

export function chat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatLine> {
  return lines<ChatLine>('/api/chat', request, signal);
}

/** Posts and yields the lines of the answer. Throws what the server says went wrong, be it the status or a line. */
async function* lines<T>(path: string, body: object, signal: AbortSignal): AsyncGenerator<T> {
  const response = await accepted(await post(path, body, signal));
  let rest = '';
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const part of parts) {
      const line = JSON.parse(part);
      if (line.error !== undefined) throw new Error(line.error);
      yield line;
    }
  }
}

function post(path: string, body: object, signal: AbortSignal): Promise<Response> {
  return fetch(path, { method: 'POST', body: JSON.stringify(body), signal });
}

async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  const text = await response.text();
  const isJson = response.headers.get('Content-Type')?.includes('application/json');
  throw new Error(isJson ? JSON.parse(text).error : `${response.status} ${text || response.statusText}`);
}
