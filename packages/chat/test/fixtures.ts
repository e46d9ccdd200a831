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

/** Go templates over plain values: what Go's `text/template` makes of them, or its error. */
export interface GoCases {
  readonly templates: readonly { readonly N: string; readonly S: string }[];
  readonly contexts: readonly GoContext[];
  readonly expected: Readonly<Record<string, { readonly ok?: string; readonly err?: string }>>;
}

export interface GoContext {
  readonly Name: string;
  readonly Messages: readonly GoMessage[] | null;
  readonly Tools: readonly GoTool[] | null;
  readonly [field: string]: unknown;
}

export interface GoTool {
  readonly Type: string;
  readonly Function: {
    readonly Name: string;
    readonly Description: string;
    readonly Parameters: { readonly Type: string; readonly Required: unknown; readonly Properties: unknown };
  };
}

interface GoMessage {
  readonly Role: string;
  readonly Content: string;
  readonly Thinking: string;
  readonly ToolName: string;
  readonly ToolCallID: string;
  readonly ToolCalls:
    | readonly {
        readonly ID: string;
        readonly Function: {
          readonly Index: number;
          readonly Name: string;
          readonly Arguments: Readonly<Record<string, unknown>>;
        };
      }[]
    | null;
}

export const goCases: GoCases = JSON.parse(gunzipSync(fixture('templates/go-templates.json.gz')).toString());

/** Go templates and requests, and what Ollama's own template package makes of them. */
export const ollamaTemplates: {
  readonly clock: string;
  readonly requests: Readonly<Record<string, TemplateRequest>>;
  readonly templates: Readonly<
    Record<
      string,
      {
        readonly source: string;
        /** Why it does not parse. */
        readonly error?: string;
        readonly tag: string;
        readonly open: string;
        readonly close: string;
        readonly expected: Readonly<Record<string, string | { readonly error: string }>>;
      }
    >
  >;
} = JSON.parse(gunzipSync(fixture('templates/ollama-templates.json.gz')).toString());

/** Answers cut into pieces, and what Ollama's own parsers make of them. */
export const ollamaParsers: {
  readonly tools: readonly unknown[];
  readonly cases: readonly {
    /** The name of a parser, or the tag before calls, or the tags around thoughts. */
    readonly parser?: string;
    readonly tag?: string;
    readonly open: string;
    readonly close: string;
    readonly tools: boolean;
    readonly think?: boolean;
    readonly last?: ChatMessage;
    readonly pieces: readonly string[];
    readonly expected: {
      readonly content: string;
      readonly thinking: string;
      readonly calls: readonly unknown[];
      readonly error?: string;
    };
  }[];
} = JSON.parse(gunzipSync(fixture('templates/ollama-parsers.json.gz')).toString());
