import { expect, test, vi } from 'vitest';
import { readBytes, readText } from './read-body.ts';

/** An answer that never ends. */
function endless() {
  const cancel = vi.fn();
  const pull = (controller: ReadableStreamDefaultController) =>
    controller.enqueue(new Uint8Array(7).fill(65));
  return { response: new Response(new ReadableStream({ pull, cancel })), cancel };
}

test('a body without an end is read as far as is asked, and then cancelled', async () => {
  const { response, cancel } = endless();
  expect(await readBytes(response, 10)).toEqual(new Uint8Array(10).fill(65));
  expect(cancel).toHaveBeenCalledTimes(1);
});

test('a text is refused beyond its bound', async () => {
  expect(await readText(new Response('ä!'), 3)).toBe('ä!');
  expect(await readText(new Response(null), 3)).toBe('');
  await expect(readText(new Response('ä!!'), 3)).rejects.toMatchObject({
    status: 500,
    message: expect.stringContaining('sent more than 3 bytes'),
  });
  await expect(readText(endless().response, 100)).rejects.toThrow('more than 100 bytes');
});
