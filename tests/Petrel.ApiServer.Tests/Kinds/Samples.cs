using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>
/// Documents to test rows with, written as leniently as JSON for people: single quotes are double ones, and backquotes single ones.
/// </summary>
internal static class Samples
{
    public const string Pod =
        """{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'default'},'spec':{'containers':[{'name':'c',"""
        + """'image':'nginx'}]}}""";

    public const string Deployment = """
        {'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d','namespace':'default'},
        'spec':{'selector':{'matchLabels':{'app':'x'}},
        'template':{'metadata':{'labels':{'app':'x'}},'spec':{'containers':[{'name':'c','image':'nginx:1.27'}]}}}}
        """;

    public const string Service = """
        {'apiVersion':'v1','kind':'Service','metadata':{'name':'s','namespace':'default'},'spec':{'selector':{'app':'x'},
        'ports':[{'port':80}]}}
        """;

    public static string ReplicaSet { get; } = Deployment.Replace("Deployment", "ReplicaSet", StringComparison.Ordinal);

    public static JsonObject Parse(string text) => JsonNode.Parse(text.Replace('\'', '"').Replace('`', '\''))!.AsObject();

    public static KindDefinition Kind(JsonObject document) =>
        BuiltInKinds.Registry.Find(GroupVersionKind.From((string)document["apiVersion"]!, (string)document["kind"]!))!;

    /// <summary>The document with members of <paramref name="patch"/> merged in (RFC 7396).</summary>
    public static JsonObject With(string text, string patch)
    {
        var target = Parse(text);
        Merge(target, Parse(patch));
        return target;
    }

    /// <summary>What the server stores for a new document.</summary>
    public static JsonObject Created(JsonObject document)
    {
        var kind = Kind(document);
        kind.Default(document);
        kind.PrepareForCreate(document, Context);
        return document;
    }

    public static JsonObject Created(string text) => Created(Parse(text));

    /// <summary>What validation says of a new document, one line a problem.</summary>
    public static IReadOnlyList<string> Problems(JsonObject document, JsonObject? old = null)
    {
        var kind = Kind(document);
        kind.Default(document);
        if (old is null)
        {
            kind.PrepareForCreate(document, Context);
        }
        else
        {
            kind.PrepareForUpdate(document, old, Context);
        }
        var errors = new FieldErrors();
        kind.Validate(document, old, errors);
        return [.. errors.All.Select(e => e.ToString())];
    }

    public static JsonElement Element(JsonObject document) => JsonSerializer.SerializeToElement(document);

    public static WriteContext Context { get; } = new(TimeProvider.System, new SeededEntropy(1));

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch.ToArray())
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject child && target[name] is JsonObject existing)
            {
                Merge(existing, child);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }
}
