/**
 * What `POST /api/create` does once its request is decoded: weights of files or of another model, quantized or converted where that is
 * asked for, become the layers of a model. The server imports it when the first such request comes, so that no other page loads it.
 */
export { createModel } from './create.ts';
export { type CreateRequest, checkRequest } from './request.ts';
