"""PyPI's litellm against OLLAMA_HOST, by Ollama's own API and by the one of OpenAI: prints what it saw as JSON. Argument: the model."""

import json
import os
import sys

os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] = 'True'
from litellm import completion  # noqa: E402

model = sys.argv[1]
host = os.environ['OLLAMA_HOST']
seen = {}
for name, api_base in ((f'ollama_chat/{model}', host), (f'openai/{model}', f'{host}/v1')):
    request = {
        'model': name,
        'api_base': api_base,
        'api_key': 'none',
        'messages': [{'role': 'user', 'content': 'Once upon a time'}],
        'max_tokens': 8,
        'temperature': 0,
    }
    whole = completion(**request)
    streamed = ''.join(part.choices[0].delta.content or '' for part in completion(**request, stream=True))
    seen[name.split('/')[0]] = {
        'text': whole.choices[0].message.content,
        'streamed': streamed,
        'tokens': whole.usage.completion_tokens,
        'reason': whole.choices[0].finish_reason,
    }
print(json.dumps(seen))
