"""PyPI's ollama against OLLAMA_HOST: prints what it saw as JSON. Arguments: the model, the URL of its file."""

import json
import sys

from ollama import Client, ResponseError

model, url = sys.argv[1:]
client = Client()
statuses = [part.status for part in client.pull(url, stream=True)]
client.create(model='mario', from_=model, system='You are Mario.', parameters={'num_predict': 8, 'temperature': 0})
request = {'model': 'mario', 'messages': [{'role': 'user', 'content': 'Once upon a time'}]}
whole = client.chat(**request)
streamed = ''.join(part.message.content for part in client.chat(**request, stream=True))
generated = client.generate('mario', 'Once upon a time')
names = sorted(entry.model for entry in client.list().models)
system = client.show('mario').modelfile
running = [entry.model for entry in client.ps().models]
# leaving a stream behind: the next request does not wait for its end
for _ in client.generate(model, 'Once', stream=True, options={'num_predict': 100000, 'num_ctx': 256}):
    break
client.delete('mario')
try:
    client.show('mario')
    missing = None
except ResponseError as error:
    missing = [error.status_code, error.error]

print(
    json.dumps(
        {
            'statuses': [statuses[0], statuses[-1]],
            'names': names,
            'running': running,
            'system': 'You are Mario.' in system,
            'same': whole.message.content == streamed,
            'tokens': generated.eval_count,
            'left': [entry.model for entry in client.list().models],
            'missing': missing,
        }
    )
)
