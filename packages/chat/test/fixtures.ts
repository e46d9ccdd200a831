import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ChatMessage, TemplateRequest } from '../src/index.ts';

const fixture = (path: string) => readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url));

interface Templates {
  readonly clock: string;
  readonly requests: Readonly<Record<string, TemplateRequest>>;
  readonly templates: Readonly<
    Record<string, { readonly source: string; readonly expected: Readonly<Record<string, string | null>> }>
  >;
}

/** Templates of real models, requests, and what Jinja2 makes of them: null where it refuses. */
export const chatTemplates: Templates = JSON.parse(
  gunzipSync(fixture('templates/chat-templates.json.gz')).toString(),
);

interface Golden {
  readonly prompts: readonly {
    readonly id: string;
    readonly prompt: string;
    readonly messages?: readonly ChatMessage[];
  }[];
}

export const smollm2: Golden = JSON.parse(fixture('golden/smollm2-135m-instruct-q4_1.json').toString());
