import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';
import { type Cluster, clusterSchema } from './cluster';
import { fields } from './fields';
import { ImageReference } from './image-reference';
import { problemsOf, refuse } from './problems';

/** One deployment of a platform: plain data. */
export interface Environment {
  /** Name of the environment: its folder, and part of its Kustomizations' names. */
  readonly name: string;
  readonly cluster: Cluster;
  /** Images by their name in `images.yaml`. */
  readonly images: Readonly<Record<string, ImageReference>>;
}

/** The fields that a person writes; none at all when the platform's environments differ in nothing. */
type FieldsOf<Shape extends z.ZodRawShape> = keyof Shape extends never ? unknown : z.input<z.ZodObject<Shape>>;

/** What `defineEnvironments` reads. */
export interface EnvironmentsProps<Shape extends z.ZodRawShape, Image extends string> {
  /** The platform's folder, `__dirname`; `images.yaml` lies there. */
  readonly folder: string;
  /** Names of the images that every environment must have in `images.yaml`. */
  readonly images: readonly Image[];
  /** Schema of each field that the platform's environments have beside name, cluster and images. */
  readonly fields: Shape;
  /** The environments by name. */
  readonly environments: Readonly<Record<string, { readonly cluster: Cluster } & FieldsOf<Shape>>>;
}

/** What every environment has; a field of that name would be replaced without a word. */
const TAKEN = ['name', 'cluster', 'images'] as const;

/** An environment with its platform's own fields. */
export type DefinedEnvironment<Shape extends z.ZodRawShape, Image extends string> = Environment &
  z.output<z.ZodObject<Shape>> & { readonly images: Readonly<Record<Image, ImageReference>> };

/**
 * The environments of a platform, their data and images checked.
 *
 * @throws one Error with every problem of every environment: file, path, value and the way out
 */
export function defineEnvironments<Shape extends z.ZodRawShape, Image extends string>(
  props: EnvironmentsProps<Shape, Image>,
): readonly DefinedEnvironment<Shape, Image>[] {
  const platform = basename(props.folder);
  const dataPlace = `platforms/${platform}/environments.ts`;
  const names = Object.keys(props.environments);
  const data = z.record(fields.dnsLabel, z.strictObject({ ...props.fields, cluster: clusterSchema }));
  const imagesPlace = `platforms/${platform}/images.yaml`;
  const images = readYaml(join(props.folder, 'images.yaml'), imagesPlace);
  refuse([
    ...TAKEN.filter((name) => Object.hasOwn(props.fields, name)).map(
      (name) => `${dataPlace}: the field "${name}" is one that every environment has; give it another name`,
    ),
    ...problemsOf(data, props.environments, dataPlace),
    ...(images.problem === undefined
      ? problemsOf(imagesSchema(names, props.images), images.value, imagesPlace)
      : [images.problem]),
  ]);
  const texts = images.value as Record<string, Record<string, string>>;
  return Object.entries(data.parse(props.environments)).map(([name, values]) => {
    const parsed = Object.entries(texts[name] ?? {}).map(([image, text]) => [image, ImageReference.parse(text)]);
    return { ...values, name, images: Object.fromEntries(parsed) } as unknown as DefinedEnvironment<Shape, Image>;
  });
}

function imagesSchema(environments: readonly string[], images: readonly string[]): z.ZodType {
  const image = z.string().superRefine((text, context) => {
    try {
      ImageReference.parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });
  const each = z.strictObject(Object.fromEntries(images.map((name) => [name, image])));
  return z.strictObject(Object.fromEntries(environments.map((name) => [name, each])));
}

function readYaml(file: string, place: string): { readonly value?: unknown; readonly problem?: string } {
  try {
    return { value: load(readFileSync(file, 'utf8')) };
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return { problem: `${place}: ${reason}; write a YAML document of environments and their images` };
  }
}
