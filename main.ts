import { synthesize } from './lib';
import { honeydueEnvironments } from './platforms/honeydue/environments';
import { Honeydue } from './platforms/honeydue/platform';
import { schoolEnvironments } from './platforms/school-platform/environments';
import { SchoolPlatform } from './platforms/school-platform/platform';
import { volaticloudEnvironments } from './platforms/volaticloud/environments';
import { VolatiCloud } from './platforms/volaticloud/platform';

void synthesize([
  () => schoolEnvironments().map((environment) => new SchoolPlatform(environment)),
  () => honeydueEnvironments().map((environment) => new Honeydue(environment)),
  () => volaticloudEnvironments().map((environment) => new VolatiCloud(environment)),
]);
