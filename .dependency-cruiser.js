/**
 * The arrows of the house: platforms → lib/index; policy, render, flux → platform; constructs → pod → platform. No
 * construct room reaches inside another's: they meet at interfaces.
 */
const ROOMS = 'backup|cache|database|migration|monitoring|routing|storage|workload';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'data flows one way',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'platforms-use-the-public-api',
      comment: 'what a user edits reaches the library through lib/index.ts alone',
      severity: 'error',
      from: { path: '^(main\\.ts|platforms/|clusters/)' },
      to: { path: '^(lib|imports)/', pathNot: '^lib/index\\.ts$' },
    },
    {
      name: 'library-knows-no-platform',
      severity: 'error',
      from: { path: '^(lib|bin|imports)/' },
      to: { path: '^(platforms|clusters|main\\.ts|test|bench)' },
    },
    {
      name: 'platform-is-the-frame',
      comment: 'the frame depends on nothing of the library',
      severity: 'error',
      from: { path: '^lib/platform/' },
      to: { path: '^(lib|imports)/', pathNot: '^lib/platform/' },
    },
    {
      name: 'pod-rests-on-platform',
      severity: 'error',
      from: { path: '^lib/pod/' },
      to: { path: '^(lib|imports)/', pathNot: '^lib/(pod|platform)/' },
    },
    {
      name: 'policy-and-flux-rest-on-platform',
      severity: 'error',
      from: { path: '^lib/(policy|flux|publish)/' },
      to: { path: '^lib/', pathNot: '^lib/(policy|flux|publish|platform)/' },
    },
    {
      name: 'render-rests-on-platform-and-policy',
      severity: 'error',
      from: { path: '^lib/render/' },
      to: { path: '^lib/', pathNot: '^lib/(render|policy|platform)/' },
    },
    {
      name: 'rooms-meet-at-interfaces',
      comment: 'a construct room knows another only by an interface file, and an app by its ingress',
      severity: 'error',
      from: { path: `^lib/(${ROOMS})/` },
      to: {
        path: `^lib/(${ROOMS})/`,
        pathNot: [
          '^lib/$1/',
          '^lib/database/database\\.ts$',
          '^lib/storage/claim\\.ts$',
          '^lib/routing/web-ingress\\.ts$',
        ],
      },
    },
    {
      name: 'rooms-do-not-know-what-reads-them',
      severity: 'error',
      from: { path: `^lib/(${ROOMS})/` },
      to: { path: '^lib/', pathNot: `^lib/(${ROOMS}|pod|platform)/` },
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      comment: 'bin/typescript.js runs the sources and is no part of them',
      from: { path: '^(main\\.ts|lib|bin|platforms|clusters|imports)', pathNot: '^bin/typescript\\.js$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
