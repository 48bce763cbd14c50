using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds;

/// <summary>A problem with one field, as <c>status.details.causes</c> reports it.</summary>
/// <param name="Reason"><c>FieldValueRequired</c>, <c>FieldValueInvalid</c>, <c>FieldValueNotSupported</c>, <c>FieldValueForbidden</c>,
/// <c>FieldValueDuplicate</c>, <c>FieldValueTooLong</c>, <c>FieldValueTooMany</c>, <c>FieldValueNotFound</c>.</param>
/// <param name="Field">Path, for example <c>spec.containers[0].name</c>.</param>
/// <param name="Message">Without the path, in upstream's form, for example <c>Required value: must be set</c>.</param>
public readonly record struct FieldError(string Reason, string Field, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Message}";
}

/// <summary>Collects all problems of one object, to report them at once.</summary>
public sealed class FieldErrors
{
    // Values are shown as they were written: <, > and non-ASCII letters unescaped.
    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        MaxDepth = 1000,
    };

    // A bound: a small body can cause very many errors.
    private const int MaxErrors = 1000;

    private readonly List<FieldError> _errors = [];

    public IReadOnlyList<FieldError> All => _errors;
    public bool Any => _errors.Count > 0;

    public void Required(string field, string detail = "") =>
        Add("FieldValueRequired", field, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    public void Invalid(string field, object? value, string detail) =>
        Add("FieldValueInvalid", field, $"Invalid value: {Show(value)}: {detail}");

    public void NotSupported(string field, string value, params IReadOnlyList<string> supported) =>
        Add(
            "FieldValueNotSupported",
            field,
            $"Unsupported value: \"{value}\": supported values: {string.Join(", ", supported.Select(v => $"\"{v}\""))}"
        );

    public void Forbidden(string field, string detail) => Add("FieldValueForbidden", field, $"Forbidden: {detail}");

    public void Duplicate(string field, object value) => Add("FieldValueDuplicate", field, $"Duplicate value: {Show(value)}");

    public void TooLong(string field, int maxLength) =>
        Add("FieldValueTooLong", field, $"Too long: may not be more than {maxLength} bytes");

    public void TooMany(string field, int actual, int maximum) =>
        Add("FieldValueTooMany", field, $"Too many: {actual}: must have at most {maximum} items");

    public void NotFound(string field, string value) => Add("FieldValueNotFound", field, $"Not found: \"{value}\"");

    public void Add(string reason, string field, string message)
    {
        if (_errors.Count < MaxErrors)
        {
            _errors.Add(new(reason, field, message));
        }
    }

    private static string Show(object? value) =>
        value switch
        {
            null => "null",
            string text => JsonSerializer.Serialize(text, Relaxed),
            bool flag => flag ? "true" : "false",
            JsonNode node => node.ToJsonString(Relaxed),
            _ => value.ToString() ?? "",
        };
}
