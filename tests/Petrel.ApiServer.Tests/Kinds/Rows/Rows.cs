using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Tests.Tables;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>What the tests of rows ask of all kinds alike. Documents are written as <see cref="Samples"/> reads them.</summary>
internal static class Rows
{
    /// <summary>
    /// The problems of a document with a change: all of them, joined by <c> ; </c>. An expectation that ends in <c>...</c> may leave the
    /// rest unsaid.
    /// </summary>
    public static void Check(string expected, string text, string change) =>
        Compare(expected, Samples.Problems(Samples.With(text, change)));

    /// <summary>As <see cref="Check"/>, of an update that makes the change.</summary>
    public static void CheckUpdate(string expected, string text, string change)
    {
        var old = Samples.Created(text);
        Compare(expected, Samples.Problems(Samples.With(old.ToJsonString(), change), old));
    }

    /// <summary>The members of the stored document that defaulting and preparation add or change (RFC 7396).</summary>
    public static void CheckDefaults(string expected, string text)
    {
        var sent = Samples.Parse(text);
        var stored = Samples.Created(text);
        stored.Remove("metadata");
        sent.Remove("metadata");
        var difference = Difference(sent, stored);
        Assert.True(
            JsonNode.DeepEquals(Samples.Parse(expected), difference),
            $"expected: {expected}\nfilled in: {difference.ToJsonString()}"
        );

        var again = stored.DeepClone().AsObject();
        Samples.Kind(stored).Default(again);
        Assert.True(JsonNode.DeepEquals(stored, again), $"once: {stored.ToJsonString()}\ntwice: {again.ToJsonString()}");
    }

    /// <summary>The cells of the document, as a table has them.</summary>
    public static void CheckRow(string expected, string text, string change = "{}")
    {
        var document = Samples.With(text, change);
        document["metadata"]!["creationTimestamp"] ??= "2026-11-23T11:54:48Z";
        Assert.Equal(expected, TableWriterTests.Row(document));
    }

    /// <summary>Creates, reads, lists, changes and deletes an object through a server; returns what was created.</summary>
    public static async Task<JsonObject> CheckRoundTripAsync(string text)
    {
        await using var api = await TestApi.StartAsync();
        var document = Samples.Parse(text);
        var kind = Samples.Kind(document);
        var name = (string)document["metadata"]!["name"]!;
        var collection = Collection(kind);

        var created = await api.CreateAsync(collection, document.ToJsonString());
        Assert.NotNull((string?)created["metadata"]!["uid"]);
        var listed = await api.GetAsync(collection);
        Assert.Contains(listed["items"]!.AsArray(), i => (string?)i!["metadata"]!["name"] == name);

        var path = $"{collection}/{Uri.EscapeDataString(name)}";
        var got = await api.GetAsync(path);
        Assert.True(JsonNode.DeepEquals(created, got), $"created: {created.ToJsonString()}\ngot: {got.ToJsonString()}");
        got["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        var updated = await api.JsonAsync(200, "PUT", path, got.ToJsonString());
        Assert.Equal("b", (string?)updated["metadata"]!["labels"]!["a"]);

        await api.JsonAsync(200, "DELETE", path);
        await api.JsonAsync(404, "GET", path);
        return created;
    }

    /// <summary>The path of a kind's objects, in the namespace <c>default</c> where they have one.</summary>
    public static string Collection(KindDefinition kind)
    {
        var root = kind.Gvk.Group.Length == 0 ? $"/api/{kind.Gvk.Version}" : $"/apis/{kind.Gvk.Group}/{kind.Gvk.Version}";
        return kind.Namespaced ? $"{root}/namespaces/default/{kind.Plural}" : $"{root}/{kind.Plural}";
    }

    private static void Compare(string expected, IReadOnlyList<string> problems)
    {
        var said = string.Join(" ; ", problems);
        var fits = expected.EndsWith("...", StringComparison.Ordinal)
            ? said.StartsWith(expected[..^3], StringComparison.Ordinal)
            : said == expected;
        Assert.True(fits, $"expected: {expected}\nsaid:     {said}");
    }

    private static JsonObject Difference(JsonObject from, JsonObject to)
    {
        var difference = new JsonObject();
        foreach (var (name, value) in to)
        {
            if (from[name] is JsonObject before && value is JsonObject after)
            {
                if (Difference(before, after) is { Count: > 0 } inner)
                {
                    difference[name] = inner;
                }
            }
            else if (!JsonNode.DeepEquals(from[name], value))
            {
                difference[name] = value?.DeepClone();
            }
        }
        foreach (var (name, _) in from)
        {
            if (!to.ContainsKey(name))
            {
                difference[name] = null;
            }
        }
        return difference;
    }
}
