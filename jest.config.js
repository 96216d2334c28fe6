/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/'],
  // `tsc --noEmit` checks the types of the whole tree once (`make lint`); checking them again per file only costs time.
  transform: { '^.+\\.ts$': 'ts-jest' },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.js'],
  // Most suites wait for servers: as many at once as there are cores, instead of one fewer.
  maxWorkers: '100%',
  testTimeout: 60_000,
};
