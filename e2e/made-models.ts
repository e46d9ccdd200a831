/** Models that tests make themselves, and install as a person would: the file as a blob, then `/api/create`. */
import type { Page } from '@playwright/test';
import { createParrot } from '../packages/engine/test/parrot.ts';

/** Installs `model` made of a file, with what else `/api/create` takes. */
export async function createFromFile(
  page: Page,
  { model, file, ...rest }: { model: string; file: Uint8Array; template?: string },
): Promise<void> {
  await page.route('**/made/*', route => route.fulfill({ body: Buffer.from(file) }));
  const answer = await page.evaluate(
    async request => {
      const bytes = await (await fetch(`/made/${request.model}`)).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      const digest = `sha256:${[...hash].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
      await fetch(`/api/blobs/${digest}`, { method: 'POST', body: bytes });
      const body = JSON.stringify({ ...request, files: { 'model.gguf': digest }, stream: false });
      return (await fetch('/api/create', { method: 'POST', body })).text();
    },
    { model, ...rest },
  );
  await page.unroute('**/made/*');
  if (answer !== '{"status":"success"}') throw new Error(`${model}: ${answer}`);
}

/** Files as blobs: their digests by their paths. */
export async function uploadFiles(
  page: Page,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [path, content] of Object.entries(files)) {
    digests[path] = await page.evaluate(async base64 => {
      const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      const digest = `sha256:${[...hash].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
      await fetch(`/api/blobs/${digest}`, { method: 'POST', body: bytes });
      return digest;
    }, Buffer.from(content).toString('base64'));
  }
  return digests;
}

export const thinkTemplate =
  '{{- range .Messages }}{{ .Role }}: {{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}\n{{ end }}<go>';
export const toolsTemplate =
  '{{- if .Tools }}{{ .Tools }}\n{{ end }}{{- range .Messages }}{{ .Role }}: {{ .Content }}{{- if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}</tool_call>{{ end }}\n{{ end }}<go>';

/** A scripted model that calls `get_weather` for Rome, whatever is asked. */
export async function createToolCaller(page: Page, model = 'parrot-tool'): Promise<void> {
  const call = '{"name":"get_weather","arguments":{"city":"Rome"}}';
  const file = createParrot(['Let me', ' check.', ' <tool_call>', call, '</tool_call>']).file();
  await createFromFile(page, { model, file, template: toolsTemplate });
}

/** What a tool caller may call, as a JSON Schema of its arguments. */
export const weatherSchema = {
  type: 'object' as const,
  properties: { city: { type: 'string' } },
  required: ['city'],
};
