import { LAYER_NAMES, LAYERS, type LayerName } from '../../lib/platform/layer-name';

test.each<[LayerName, readonly LayerName[]]>([
  ['base', []],
  ['secrets', ['base']],
  ['database', ['secrets']],
  ['migrate', ['database']],
  ['app', ['migrate']],
  ['backup', ['database']],
  ['monitoring', ['database']],
])('%s is applied after %j', (layer, after) => {
  expect(LAYERS[layer]).toEqual(after);
});

test('those seven are all, each named after the layers it is applied after: there is no circle', () => {
  expect(LAYER_NAMES).toHaveLength(7);
  for (const [index, name] of LAYER_NAMES.entries()) {
    expect(LAYER_NAMES.slice(0, index)).toEqual(expect.arrayContaining([...LAYERS[name]]));
  }
});
