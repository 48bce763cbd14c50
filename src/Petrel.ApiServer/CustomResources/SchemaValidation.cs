using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>Checks custom resources against their schema, with upstream's messages (kube-openapi validate).</summary>
internal static partial class SchemaValidation
{
    public static void Validate(JsonObject document, StructuralSchema schema, FieldErrors errors)
    {
        Object(document, schema, "", errors, isResource: true);
        Junctors(document, schema, "", errors);
    }

    /// <summary>Checks the default of a node; <paramref name="path"/> is its field path in the definition.</summary>
    public static void Default(JsonNode value, StructuralSchema schema, string path, FieldErrors errors) =>
        Value(value, schema, path, errors);

    private static void Value(JsonNode? value, StructuralSchema schema, string path, FieldErrors errors)
    {
        if (value is null)
        {
            if (!schema.Nullable && schema.Type.Length > 0)
            {
                TypeError(value, schema.Type, path, errors);
            }
            return;
        }
        if (!HasType(value, schema))
        {
            TypeError(value, schema.IsIntOrString ? "integer,string" : schema.Type, path, errors);
            return;
        }
        switch (value)
        {
            case JsonObject members:
                Object(members, schema, path, errors, schema.IsEmbedded);
                break;
            case JsonArray list:
                Array(list, schema, path, errors);
                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String:
                String(scalar.GetValue<string>(), schema, path, errors);
                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.Number:
                Number(scalar, schema, path, errors);
                break;
        }
        if (schema.Enum is { } choices && !choices.Any(c => JsonNode.DeepEquals(c, value)))
        {
            errors.Add(
                "FieldValueNotSupported",
                path,
                $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", choices.Select(Show))}"
            );
        }
        Junctors(value, schema, path, errors);
    }

    private static bool HasType(JsonNode value, StructuralSchema schema)
    {
        var kind = value.GetValueKind();
        if (schema.IsIntOrString)
        {
            return kind == JsonValueKind.String || (kind == JsonValueKind.Number && IsInteger(value));
        }
        return schema.Type switch
        {
            "object" => kind == JsonValueKind.Object,
            "array" => kind == JsonValueKind.Array,
            "string" => kind == JsonValueKind.String,
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            "number" => kind == JsonValueKind.Number,
            "integer" => kind == JsonValueKind.Number && IsInteger(value),
            _ => true,
        };
    }

    private static bool IsInteger(JsonNode value) =>
        decimal.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number == decimal.Truncate(number);

    private static void TypeError(JsonNode? value, string expected, string path, FieldErrors errors)
    {
        var actual = value?.GetValueKind() switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Number => IsInteger(value!) ? "integer" : "number",
            _ => "null",
        };
        errors.Add("FieldValueTypeInvalid", path, $"Invalid value: \"{actual}\": {path} in body must be of type {expected}: \"{actual}\"");
    }

    private static void Object(JsonObject value, StructuralSchema schema, string path, FieldErrors errors, bool isResource)
    {
        foreach (var name in schema.Required)
        {
            if (!value.ContainsKey(name))
            {
                errors.Required(Join(path, name));
            }
        }
        Count(value.Count, schema, "minProperties", "maxProperties", "properties", path, errors);
        foreach (var (name, member) in value)
        {
            // Metadata is validated like that of all kinds.
            if (isResource && name is "apiVersion" or "kind" or "metadata")
            {
                continue;
            }
            if (schema.Properties.TryGetValue(name, out var property))
            {
                Value(member, property, Join(path, name), errors);
            }
            else if (schema.AdditionalProperties is { } additional)
            {
                Value(member, additional, Join(path, name), errors);
            }
        }
        if (isResource && path.Length > 0)
        {
            foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
            {
                if (value.Text(name).Length == 0)
                {
                    errors.Required(Join(path, name), "must not be empty");
                }
            }
        }
    }

    private static void Array(JsonArray value, StructuralSchema schema, string path, FieldErrors errors)
    {
        Count(value.Count, schema, "minItems", "maxItems", "items", path, errors);
        for (var i = 0; i < value.Count && schema.Items is not null; i++)
        {
            Value(value[i], schema.Items, $"{path}[{i}]", errors);
        }
        if (schema.ListType is not ("set" or "map"))
        {
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < value.Count; i++)
        {
            var identity =
                schema.ListType == "set"
                    ? value[i]
                    : new JsonObject(
                        schema
                            .ListMapKeys.Where(k => value[i] is JsonObject item && item.ContainsKey(k))
                            .Select(k => KeyValuePair.Create(k, value[i]![k]?.DeepClone()))
                    );
            if (!seen.Add(Show(identity)))
            {
                errors.Duplicate($"{path}[{i}]", identity!);
            }
        }
    }

    private static void Count(
        int count,
        StructuralSchema schema,
        string minimum,
        string maximum,
        string what,
        string path,
        FieldErrors errors
    )
    {
        if (schema.Source.Number(minimum) is { } least && count < least)
        {
            errors.Invalid(path, count, $"{path} in body should have at least {least} {what}");
        }
        if (schema.Source.Number(maximum) is { } most && count > most)
        {
            errors.TooMany(path, count, (int)most);
        }
    }

    private static void String(string value, StructuralSchema schema, string path, FieldErrors errors)
    {
        var length = new StringInfo(value).LengthInTextElements;
        if (schema.Source.Number("minLength") is { } least && length < least)
        {
            errors.Invalid(path, value, $"{path} in body should be at least {least} chars long");
        }
        if (schema.Source.Number("maxLength") is { } most && length > most)
        {
            errors.TooLong(path, (int)most);
        }
        if (schema.Pattern is { } pattern && !Matches(pattern, value))
        {
            errors.Invalid(path, value, $"{path} in body should match '{pattern}'");
        }
        if (!HasFormat(value, schema.Format))
        {
            errors.Invalid(path, value, $"{path} in body must be of type {schema.Format}: {Show(JsonValue.Create(value))}");
        }
    }

    private static bool Matches(Regex pattern, string value)
    {
        try
        {
            return pattern.IsMatch(value);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static bool HasFormat(string value, string format) =>
        format switch
        {
            "date" => DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            "date-time" or "datetime" => value.Contains('T', StringComparison.OrdinalIgnoreCase)
                && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out _),
            "byte" => value.Length % 4 == 0 && Convert.TryFromBase64String(value, new byte[value.Length], out _),
            "uuid" or "uuid4" => Guid.TryParseExact(value, "D", out _),
            "ipv4" => IPAddress.TryParse(value, out var v4)
                && v4.AddressFamily == AddressFamily.InterNetwork
                && value.Count(c => c == '.') == 3,
            "ipv6" => IPAddress.TryParse(value, out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6,
            "cidr" => IPNetwork.TryParse(value, out _),
            "uri" => Uri.TryCreate(value, UriKind.Absolute, out _),
            "email" => EmailForm().IsMatch(value),
            "hostname" => Uri.CheckHostName(value) == UriHostNameType.Dns,
            "mac" => MacForm().IsMatch(value),
            "duration" => Petrel.Model.Documents.GoDuration.TryParse(value, out _),
            _ => true,
        };

    private static void Number(JsonValue value, StructuralSchema schema, string path, FieldErrors errors)
    {
        var number =
            value.GetValueKind() == JsonValueKind.Number
            && decimal.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed)
                ? parsed
                : 0;
        decimal? Limit(string name) =>
            schema.Source[name] is { } limit
            && decimal.TryParse(limit.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var amount)
                ? amount
                : null;
        if (Limit("maximum") is { } maximum)
        {
            var exclusive = schema.Source.Flag("exclusiveMaximum") == true;
            if (exclusive ? number >= maximum : number > maximum)
            {
                errors.Invalid(path, value, $"{path} in body should be less than {(exclusive ? "" : "or equal to ")}{maximum}");
            }
        }
        if (Limit("minimum") is { } minimum)
        {
            var exclusive = schema.Source.Flag("exclusiveMinimum") == true;
            if (exclusive ? number <= minimum : number < minimum)
            {
                errors.Invalid(path, value, $"{path} in body should be greater than {(exclusive ? "" : "or equal to ")}{minimum}");
            }
        }
        if (Limit("multipleOf") is { } step && step != 0 && number % step != 0)
        {
            errors.Invalid(path, value, $"{path} in body should be a multiple of {step}");
        }
        if (
            (schema.Format == "int32" && (number < int.MinValue || number > int.MaxValue))
            || (schema.Format == "int64" && (number < long.MinValue || number > long.MaxValue))
        )
        {
            errors.Invalid(path, value, $"{path} in body must be of type {schema.Format}: \"{value.ToJsonString()}\"");
        }
    }

    private static void Junctors(JsonNode value, StructuralSchema schema, string path, FieldErrors errors)
    {
        var shown = path.Length == 0 ? "<nil>" : path;
        foreach (var branch in schema.AllOf)
        {
            Branch(value, branch, path, errors);
        }
        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(b => Holds(value, b, path)))
        {
            errors.Invalid(shown, value, $"{shown} in body must validate at least one schema (anyOf)");
        }
        if (schema.OneOf.Count > 0 && schema.OneOf.Count(b => Holds(value, b, path)) is not 1 and var count)
        {
            errors.Invalid(
                shown,
                value,
                $"{shown} in body must validate one and only one schema (oneOf). Found {(count == 0 ? "none" : $"{count}")} valid"
            );
        }
        if (schema.Not is { } not && Holds(value, not, path))
        {
            errors.Invalid(shown, value, $"{shown} in body must not validate the schema (not)");
        }
    }

    private static bool Holds(JsonNode value, StructuralSchema branch, string path)
    {
        var errors = new FieldErrors();
        Branch(value, branch, path, errors);
        return !errors.Any;
    }

    private static void Branch(JsonNode value, StructuralSchema branch, string path, FieldErrors errors) =>
        Value(value, branch, path, errors);

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Show(JsonNode? value) => value?.ToJsonString() ?? "null";

    [GeneratedRegex(@"^[^@\s]+@[^@\s]+$")]
    private static partial Regex EmailForm();

    [GeneratedRegex("^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$")]
    private static partial Regex MacForm();
}
