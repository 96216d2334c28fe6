import { checkTrees } from '../../lib/policy/check-trees';
import { frozenFacts } from '../../lib/policy/frozen-facts';
import { set, setTree } from './change';
import { addQueue, CONTAINER, DATABASE } from './fixtures/fixture';
import { validTree } from './valid-tree';

test('the facts of a tree are what must not change, by object', () => {
  const tree = validTree();
  addQueue(tree);
  expect(frozenFacts(tree)).toEqual({
    cluster: 'alpha',
    namespace: 'store',
    'Deployment/shop selector': 'app.kubernetes.io/name=shop, app.kubernetes.io/part-of=shop',
    'Deployment/shop-db selector': 'app.kubernetes.io/name=shop-db, app.kubernetes.io/part-of=shop',
    'Deployment/shop-db PGDATA': '/var/lib/postgresql/data',
    'Deployment/shop-db /var/lib/postgresql/data': 'shop-db/postgres',
    'PersistentVolume/shop-db-pv nfs': 'nas:/shop/db',
    'PersistentVolume/shop-db-pv claim': 'store/shop-db',
    'PersistentVolume/shop-files-pv nfs': 'nas:/shop',
    'PersistentVolume/shop-files-pv claim': 'store/shop-files',
    'PersistentVolumeClaim/shop-db volume': 'shop-db-pv',
    'PersistentVolumeClaim/shop-db size': '10Gi',
    'PersistentVolumeClaim/shop-db accessModes': 'ReadWriteMany',
    'PersistentVolumeClaim/shop-files volume': 'shop-files-pv',
    'PersistentVolumeClaim/shop-files size': '10Gi',
    'PersistentVolumeClaim/shop-files accessModes': 'ReadWriteMany',
    'PersistentVolumeClaim/shop-backups storageClass': 'kept',
    'PersistentVolumeClaim/shop-backups size': '10Gi',
    'PersistentVolumeClaim/shop-backups accessModes': 'ReadWriteMany',
    'StatefulSet/shop-queue selector': 'app.kubernetes.io/name=shop-queue, app.kubernetes.io/part-of=shop',
    'StatefulSet/shop-queue serviceName': 'shop-queue',
    'StatefulSet/shop-queue claimTemplate queue storageClass': 'kept',
    'StatefulSet/shop-queue claimTemplate queue size': '1Gi',
    'StatefulSet/shop-queue claimTemplate queue accessModes': 'ReadWriteOnce',
  });
});

test('the facts are sorted, so that their file does not change with the composition', () => {
  const facts = Object.keys(frozenFacts(validTree()));
  expect(facts).toEqual([...facts].sort());
});

test('a recorded tree is not reported', () => {
  const tree = validTree();
  setTree('frozen/facts', frozenFacts(validTree()))(tree);
  expect(checkTrees([tree])).toEqual([]);
});

test.each([
  [
    'a change',
    'Deployment/shop-db /var/lib/postgresql/data',
    'shop-db/postgres',
    set(DATABASE, `${CONTAINER}/volumeMounts/0/subPath`, 'pg'),
  ],
  [
    'a loss',
    'Deployment/shop-db /old',
    'shop-db/old',
    setTree('frozen/facts/Deployment~1shop-db ~1old', 'shop-db/old'),
  ],
])('%s that is released with a reason is not reported', (_, fact, was, change) => {
  const tree = validTree();
  change(tree);
  expect(checkTrees([tree])).toHaveLength(1);
  setTree('frozen/released', [{ fact, was, reason: 'the data was copied' }])(tree);
  expect(checkTrees([structuredClone(tree)])).toEqual([]);
});

test('a release stays as history once the new value is recorded', () => {
  const tree = validTree();
  const release = { fact: 'PersistentVolume/shop-db-pv nfs', was: 'nas:/old', reason: 'the NAS was replaced' };
  setTree('frozen/released', [release])(tree);
  expect(checkTrees([tree])).toEqual([]);
});
