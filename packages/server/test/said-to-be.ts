/** A GGUF with another `general.file_type`: as in Ollama, nothing is quantized of a file that says 0, which is F32. */
export function saidToBe(gguf: Uint8Array, fileType: number): Uint8Array<ArrayBuffer> {
  const file = Buffer.from(gguf);
  const key = 'general.file_type';
  file.writeUInt32LE(fileType, file.indexOf(key) + key.length + 4);
  return new Uint8Array(file);
}
