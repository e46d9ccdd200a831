import { expect, test } from 'vitest';
import { gpu } from '../../kernels/test/dawn.ts';
import { createDeviceSource, describeDevice } from '../src/device.ts';

test('one device is opened, and another after it is lost', async () => {
  const source = createDeviceSource(gpu);
  const [first, same] = await Promise.all([source.open(), source.open()]);
  expect(same).toBe(first);
  expect(source.current).toBe(first);
  first.destroy();
  await new Promise(resolve => first.onLost(resolve));
  expect(source.current).toBeUndefined();
  const second = await source.open();
  expect(second).not.toBe(first);
  expect(await describeDevice(source)).toEqual({
    adapter: second.adapter,
    features: second.features,
  });
  second.destroy();
});

test('without WebGPU the error says what to do, and the next try is a new one', async () => {
  const source = createDeviceSource(undefined);
  const refused = { status: 500, message: expect.stringMatching(/no WebGPU: .*(https|Chrome)/) };
  await expect(source.open()).rejects.toMatchObject(refused);
  await expect(source.open()).rejects.toMatchObject(refused);
  expect(await describeDevice(source)).toEqual({ missing: refused.message });
});

test('without an adapter the error says what to do', async () => {
  const source = createDeviceSource({ requestAdapter: async () => null } as unknown as GPU);
  await expect(source.open()).rejects.toMatchObject({
    status: 500,
    message: expect.stringMatching(/graphics acceleration/),
  });
});
