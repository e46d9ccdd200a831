/**
 * Models that examples make of the default one: a template with what it lacks, and one exchange in the prompt that shows so small
 * a model how it is done.
 */
import { embeddingModel, defaultModel as model } from '../../llama.ts';
import type { ExampleRequest } from './example.ts';

const create = (body: { readonly model: string; readonly [field: string]: unknown }): ExampleRequest => ({
  method: 'POST',
  path: '/api/create',
  body: { from: model, stream: false, ...body },
});

export const pullEmbedder: ExampleRequest = {
  method: 'POST',
  path: '/api/pull',
  body: { model: embeddingModel, stream: false },
};

/** Fills the gap between a prompt and a suffix. */
export const inserter = create({
  model: 'smollm2-insert',
  parameters: { temperature: 0, num_predict: 60 },
  template: `{{ if .Suffix }}<|im_start|>user
def add(a, b):
    # what stands here?
    return total<|im_end|>
<|im_start|>assistant
    total = a + b<|im_end|>
<|im_start|>user
{{ .Prompt }}
    # what stands here?
{{ .Suffix }}<|im_end|>
{{ else }}<|im_start|>user
{{ .Prompt }}<|im_end|>
{{ end }}<|im_start|>assistant
`,
});

/** Calls tools, and reads what they gave. */
export const toolUser = create({
  model: 'smollm2-tools',
  parameters: { temperature: 0, num_predict: 60 },
  template: `{{- if .Tools }}<|im_start|>system
Answer with a call of one of these functions: <tool_call>{"name": "...", "arguments": {...}}</tool_call>
{{- range .Tools }}
{{ . }}
{{- end }}<|im_end|>
<|im_start|>user
what about Rome?<|im_end|>
<|im_start|>assistant
<tool_call>{"name": "{{ (index .Tools 0).Function.Name }}", "arguments": {"city": "Rome"}}</tool_call><|im_end|>
{{ end }}
{{- range .Messages }}<|im_start|>{{ if eq .Role "tool" }}user{{ else }}{{ .Role }}{{ end }}
{{ .Content }}
{{- if .ToolCalls }}
{{- range .ToolCalls }}<tool_call>{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}</tool_call>
{{- end }}
{{- end }}<|im_end|>
{{ end }}<|im_start|>assistant
`,
});

/** Thinks in a tag that the template opens for it. */
export const thinker = create({
  model: 'smollm2-thinking',
  parameters: { temperature: 0, num_predict: 100 },
  template: `{{- range .Messages }}<|im_start|>{{ .Role }}
{{ if .Thinking }}<think>{{ .Thinking }}</think>
{{ end }}{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
{{ if .Think }}<think>{{ end }}`,
  messages: [
    { role: 'user', content: 'Why is grass green?' },
    {
      role: 'assistant',
      content:
        '<think>Grass contains chlorophyll, which absorbs red and blue light.</think>\nBecause chlorophyll reflects green light.',
    },
  ],
});
