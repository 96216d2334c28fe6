import { synthesize } from './lib';
import { schoolEnvironments } from './platforms/school-platform/environments';
import { SchoolPlatform } from './platforms/school-platform/platform';

void synthesize([() => schoolEnvironments().map((environment) => new SchoolPlatform(environment))]);
