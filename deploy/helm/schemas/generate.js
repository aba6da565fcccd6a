// Writes JSON schemas of Kubernetes' resources into a folder, one file a resource, named as kubeconform looks for them:
//
//   node generate.js FOLDER
//
// They are those of the npm package kubernetes-models, which has them from the OpenAPI document of Kubernetes. An object
// with properties that its schema does not name is refused, as `kubectl apply --validate=strict` refuses it.
const fs = require("node:fs");
const path = require("node:path");

const folder = process.argv[2];
if (!folder) throw new Error("usage: node generate.js FOLDER");

// The package hands its schemas to a validator. Here they are handed to this object instead.
const definitions = {};
const validator = require.resolve("@kubernetes-models/validate", { paths: [require.resolve("kubernetes-models")] });
require.cache[validator] = {
  id: validator,
  filename: validator,
  loaded: true,
  exports: { register: (name, schema) => (definitions[name] = schema) },
};

const root = path.dirname(require.resolve("kubernetes-models"));
for (const file of fs.readdirSync(path.join(root, "_schemas"))) {
  if (file.endsWith(".js")) require(path.join(root, "_schemas", file)).addSchema();
}

// strict copies a schema, with references into the same file, and refuses unknown properties.
function strict(value, used) {
  if (Array.isArray(value)) return value.map((v) => strict(v, used));
  if (value === null || typeof value !== "object") return value;
  const [first, second] = Array.isArray(value.oneOf) ? value.oneOf : [];
  if (second?.type === "null") return strict(first, used); // nobody writes null on purpose
  const copy = {};
  for (const [key, v] of Object.entries(value)) {
    if (key === "$ref" && typeof v === "string") {
      const name = v.replace(/#$/, "");
      used.add(name);
      copy.$ref = `#/definitions/${name}`;
    } else {
      copy[key] = strict(v, used);
    }
  }
  if (copy.properties && copy.type === "object" && !("additionalProperties" in copy)) copy.additionalProperties = false;
  return copy;
}

fs.mkdirSync(folder, { recursive: true });
let count = 0;
for (const schema of Object.values(definitions)) {
  const kind = schema.properties?.kind?.enum?.[0];
  const version = schema.properties?.apiVersion?.enum?.[0];
  if (!kind || !version || /alpha|beta/.test(version)) continue;
  const used = new Set();
  const file = strict(schema, used);
  file.definitions = {};
  for (const name of used) {
    // The set grows while it is read: what a definition refers to comes along.
    if (!definitions[name]) throw new Error(`${kind} refers to ${name}, which is not there`);
    file.definitions[name] = strict(definitions[name], used);
  }
  const suffix = version.split("/").map((part, i, all) => (all.length > 1 && i === 0 ? part.split(".")[0] : part)).join("-");
  fs.writeFileSync(path.join(folder, `${kind.toLowerCase()}-${suffix}.json`), JSON.stringify(file));
  count++;
}
if (count < 40) throw new Error(`only ${count} resources`);
