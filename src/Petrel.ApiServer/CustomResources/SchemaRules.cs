using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>
/// Whether a schema is structural (documentation: "Specifying a structural schema"): the type of every value is specified once, outside
/// of logical junctors. Features that this server does not evaluate are refused, not ignored.
/// </summary>
internal static class SchemaRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];
    private static readonly string[] Forbidden =
    [
        "definitions",
        "dependencies",
        "patternProperties",
        "additionalItems",
        "$ref",
        "id",
        "$schema",
    ];

    // Keywords that are structural, and therefore forbidden in allOf, anyOf, oneOf and not.
    private static readonly string[] Structural =
    [
        "type",
        "additionalProperties",
        "default",
        "nullable",
        "title",
        "description",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
    ];

    public static void Validate(JsonObject schema, string path, FieldErrors errors)
    {
        if (schema.Text("type") != "object")
        {
            if (schema.Text("type").Length == 0)
            {
                errors.Required($"{path}.type", "must not be empty at the root");
            }
            else
            {
                errors.Invalid($"{path}.type", schema.Text("type"), "must be object at the root");
            }
        }
        Node(schema, path, isRoot: true, errors);
    }

    private static void Node(JsonObject schema, string path, bool isRoot, FieldErrors errors)
    {
        var type = schema.Text("type");
        var intOrString = schema.Flag("x-kubernetes-int-or-string") == true;
        var preserves = schema.Flag("x-kubernetes-preserve-unknown-fields") == true;
        if (type.Length == 0 && !intOrString && !preserves && !isRoot)
        {
            errors.Required($"{path}.type", "must not be empty for specified object fields");
        }
        else if (type.Length > 0 && !Types.Contains(type))
        {
            errors.NotSupported($"{path}.type", type, Types);
        }
        if (type.Length > 0 && intOrString)
        {
            errors.Invalid($"{path}.type", type, "must be empty if x-kubernetes-int-or-string is true");
        }
        Refused(schema, path, errors);
        if (
            schema.Has("properties")
            && schema.Has("additionalProperties")
            && schema["additionalProperties"]!.GetValueKind() != JsonValueKind.False
        )
        {
            errors.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        }
        if (schema["additionalProperties"]?.GetValueKind() == JsonValueKind.False)
        {
            errors.Forbidden($"{path}.additionalProperties", "additionalProperties cannot be set to false");
        }
        if (schema.Flag("x-kubernetes-embedded-resource") == true && type != "object")
        {
            errors.Invalid($"{path}.type", type, "must be object if x-kubernetes-embedded-resource is true");
        }
        Lists(schema, type, path, errors);
        if (schema.Text("pattern") is { Length: > 0 } pattern)
        {
            try
            {
                StructuralSchema.Compile(pattern);
            }
            catch (FormatException e)
            {
                errors.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {e.Message}");
            }
        }
        if (schema["default"] is { } value)
        {
            Default(value, schema, path, isRoot, errors);
        }
        foreach (var (name, property) in schema.Child("properties") ?? [])
        {
            if (property is JsonObject child && !(isRoot && name == "metadata"))
            {
                Node(child, $"{path}.properties[{name}]", isRoot: false, errors);
            }
            else if (property is JsonObject metadata)
            {
                RootMetadata(metadata, $"{path}.properties[{name}]", errors);
            }
        }
        if (schema.Child("additionalProperties") is { } additional)
        {
            Node(additional, $"{path}.additionalProperties", isRoot: false, errors);
        }
        if (schema.Child("items") is { } items)
        {
            Node(items, $"{path}.items", isRoot: false, errors);
        }
        else if (schema["items"] is JsonArray)
        {
            errors.Forbidden($"{path}.items", "items must be a schema object and not an array");
        }
        else if (type == "array")
        {
            errors.Required($"{path}.items", "must be specified");
        }
        foreach (var junctor in (ReadOnlySpan<string>)["allOf", "anyOf", "oneOf"])
        {
            foreach (var (branch, at) in schema.Indexed(junctor, path))
            {
                Branch(branch, schema, at, intOrString, errors);
            }
        }
        if (schema.Child("not") is { } not)
        {
            Branch(not, schema, $"{path}.not", intOrString, errors);
        }
    }

    // A default must be what the node itself would accept and keep.
    private static void Default(JsonNode value, JsonObject schema, string path, bool isRoot, FieldErrors errors)
    {
        if (isRoot)
        {
            errors.Forbidden($"{path}.default", "must not be set at the root");
            return;
        }
        StructuralSchema parsed;
        try
        {
            parsed = StructuralSchema.Parse(schema);
        }
        catch (FormatException)
        {
            // The pattern is reported where it stands.
            return;
        }
        if (!SchemaShaping.Keeps(value, parsed))
        {
            errors.Invalid($"{path}.default", value, "must not have unknown fields");
        }
        else
        {
            SchemaValidation.Default(value, parsed, $"{path}.default", errors);
        }
    }

    private static void Refused(JsonObject schema, string path, FieldErrors errors)
    {
        foreach (var name in Forbidden.Where(schema.Has))
        {
            errors.Forbidden($"{path}.{name}", $"{name} is not supported");
        }
        if (schema.Flag("uniqueItems") == true)
        {
            errors.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }
        if (schema.List("x-kubernetes-validations") is { Count: > 0 })
        {
            errors.Forbidden(
                $"{path}.x-kubernetes-validations",
                "validation rules (CEL) are not evaluated by this server: remove them, or check the same in a validating webhook"
            );
        }
    }

    private static void Lists(JsonObject schema, string type, string path, FieldErrors errors)
    {
        var list = schema.Text("x-kubernetes-list-type");
        if (list.Length > 0)
        {
            if (type != "array")
            {
                errors.Invalid($"{path}.type", type, "must be array if x-kubernetes-list-type is specified");
            }
            if (list is not ("atomic" or "set" or "map"))
            {
                errors.NotSupported($"{path}.x-kubernetes-list-type", list, "atomic", "map", "set");
            }
        }
        var keys = schema.Texts("x-kubernetes-list-map-keys").ToList();
        if (list == "map")
        {
            if (keys.Count == 0)
            {
                errors.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
            }
            var items = schema.Child("items");
            if (items.Text("type") != "object")
            {
                errors.Invalid($"{path}.items.type", items.Text("type"), "must be object if parent array's x-kubernetes-list-type is map");
            }
            for (var i = 0; i < keys.Count; i++)
            {
                var key = items.Child("properties").Child(keys[i]);
                if (key is null)
                {
                    errors.Invalid($"{path}.x-kubernetes-list-map-keys[{i}]", keys[i], "entries must all be names of item properties");
                }
                else if (key.Text("type") is "object" or "array")
                {
                    errors.Invalid(
                        $"{path}.items.properties[{keys[i]}].type",
                        key.Text("type"),
                        "must be a scalar type if parent array's x-kubernetes-list-type is map"
                    );
                }
                else if (!items.Texts("required").Contains(keys[i]) && !key.Has("default"))
                {
                    errors.Required(
                        $"{path}.items.properties[{keys[i]}].default",
                        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
                    );
                }
            }
        }
        else if (keys.Count > 0)
        {
            errors.Invalid($"{path}.x-kubernetes-list-type", list, "must be map if x-kubernetes-list-map-keys is non-empty");
        }
        if (schema.Text("x-kubernetes-map-type") is { Length: > 0 } map)
        {
            if (type != "object")
            {
                errors.Invalid($"{path}.type", type, "must be object if x-kubernetes-map-type is specified");
            }
            if (map is not ("atomic" or "granular"))
            {
                errors.NotSupported($"{path}.x-kubernetes-map-type", map, "atomic", "granular");
            }
        }
    }

    private static void RootMetadata(JsonObject metadata, string path, FieldErrors errors)
    {
        foreach (var (name, _) in metadata)
        {
            if (name is not ("type" or "properties" or "description" or "title"))
            {
                errors.Forbidden(
                    $"{path}.{name}",
                    "must not specify anything other than name and generateName, but metadata is implicitly specified"
                );
            }
        }
        foreach (var (name, _) in metadata.Child("properties") ?? [])
        {
            if (name is not ("name" or "generateName"))
            {
                errors.Forbidden(
                    $"{path}.properties[{name}]",
                    "must not specify anything other than name and generateName, but metadata is implicitly specified"
                );
            }
        }
    }

    // A branch may only restrict the structure outside of it.
    private static void Branch(JsonObject branch, JsonObject structure, string path, bool intOrString, FieldErrors errors)
    {
        foreach (var name in Structural)
        {
            if (branch.Has(name) && !(name == "type" && intOrString))
            {
                errors.Forbidden($"{path}.{name}", "must be empty to be structural");
            }
        }
        Refused(branch, path, errors);
        foreach (var (name, property) in branch.Child("properties") ?? [])
        {
            if (structure.Child("properties").Child(name) is not { } counterpart)
            {
                if (structure.Child("additionalProperties") is null && structure.Flag("x-kubernetes-preserve-unknown-fields") != true)
                {
                    errors.Required(
                        $"{path[..path.LastIndexOf('.')]}.properties[{name}]",
                        $"because it is defined in {path}.properties[{name}]"
                    );
                }
            }
            else if (property is JsonObject child)
            {
                Branch(child, counterpart, $"{path}.properties[{name}]", counterpart.Flag("x-kubernetes-int-or-string") == true, errors);
            }
        }
        foreach (var junctor in (ReadOnlySpan<string>)["allOf", "anyOf", "oneOf"])
        {
            foreach (var (nested, at) in branch.Indexed(junctor, path))
            {
                Branch(nested, structure, at, intOrString, errors);
            }
        }
        if (branch.Child("not") is { } not)
        {
            Branch(not, structure, $"{path}.not", intOrString, errors);
        }
    }
}
