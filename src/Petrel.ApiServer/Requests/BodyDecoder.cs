using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Requests;

/// <summary>How strict field validation is (<c>?fieldValidation=</c>).</summary>
internal enum FieldValidation
{
    Ignore,
    Warn,
    Strict,
}

/// <summary>A request's object as its schema has it, and the warnings to answer with.</summary>
internal sealed record DecodedBody(JsonObject Document, IReadOnlyList<string> Warnings);

/// <summary>Reads request bodies: JSON, YAML and Kubernetes protobuf, held against the kind's schema.</summary>
internal static class BodyDecoder
{
    public const string Json = "application/json";
    public const string Yaml = "application/yaml";

    private static readonly string[] Accepted = [Json, Yaml, ProtobufDecoder.ContentType];

    /// <summary>The body as a document, with what field validation has to say of duplicate fields.</summary>
    public static (JsonObject Document, IReadOnlyList<string> Problems) Parse(ApiRequest request)
    {
        try
        {
            return MediaType(request.ContentType) switch
            {
                "" or Json => DocumentParser.Parse(request.Body.Span),
                Yaml => (YamlDocument.Parse(request.Body.Span), []),
                ProtobufDecoder.ContentType => (ProtobufDecoder.Decode(request.Body.Span), []),
                _ => throw StatusErrors.UnsupportedMediaType(Accepted),
            };
        }
        catch (FormatException e)
        {
            throw StatusErrors.BadRequest($"couldn't decode the body of the request: {e.Message}");
        }
    }

    /// <summary>The body as an object of <paramref name="kind"/>.</summary>
    public static DecodedBody Decode(ApiRequest request, GroupVersionKind kind, SchemaType schema)
    {
        if (request.Body.IsEmpty)
        {
            throw StatusErrors.BadRequest("the request needs a body");
        }
        var (document, problems) = Parse(request);
        CheckKind(document, kind);
        return Conform(document, problems, kind, schema, ValidationOf(request));
    }

    /// <summary>
    /// Checks a document against its schema. Problems found while decoding are reported with those found here. Members that
    /// <paramref name="skip"/> names are known to conform. The document itself is changed.
    /// </summary>
    public static DecodedBody Conform(
        JsonObject document,
        IReadOnlyList<string> problems,
        GroupVersionKind kind,
        SchemaType schema,
        FieldValidation validation,
        Func<string, bool>? skip = null
    )
    {
        var conforming = DocumentConformance.CheckInPlace(document, schema, skip);
        if (conforming.TypeErrors.Count > 0)
        {
            throw StatusErrors.BadRequest(CannotBeHandled(kind, string.Join(", ", conforming.TypeErrors)));
        }
        var all = problems.Concat(conforming.UnknownFields).ToArray();
        if (validation == FieldValidation.Strict && all.Length > 0)
        {
            throw StatusErrors.BadRequest(CannotBeHandled(kind, $"strict decoding error: {string.Join(", ", all)}"));
        }
        conforming.Document["apiVersion"] = kind.ApiVersion;
        conforming.Document["kind"] = kind.Kind;
        return new(conforming.Document, validation == FieldValidation.Warn ? all : []);
    }

    public static FieldValidation ValidationOf(ApiRequest request) =>
        request.QueryValue("fieldValidation") switch
        {
            "Strict" => FieldValidation.Strict,
            "Ignore" => FieldValidation.Ignore,
            _ => FieldValidation.Warn,
        };

    /// <summary>A Content-Type without its parameters, in lower case.</summary>
    public static string MediaType(string contentType)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? contentType : contentType[..end]).Trim().ToLowerInvariant();
    }

    private static void CheckKind(JsonObject document, GroupVersionKind expected)
    {
        var apiVersion = document["apiVersion"] is JsonValue v && v.TryGetValue<string>(out var version) ? version : "";
        var kind = document["kind"] is JsonValue k && k.TryGetValue<string>(out var name) ? name : "";
        if (kind.Length > 0 && kind != expected.Kind)
        {
            throw StatusErrors.BadRequest($"{kind} in version \"{apiVersion}\" cannot be handled as a {expected.Kind}");
        }
        if (apiVersion.Length > 0 && apiVersion != expected.ApiVersion)
        {
            throw StatusErrors.BadRequest(
                $"the API version in the data ({apiVersion}) does not match the expected API version ({expected.ApiVersion})"
            );
        }
    }

    private static string CannotBeHandled(GroupVersionKind kind, string why) =>
        $"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {why}";
}
