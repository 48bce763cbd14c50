using System.Text.Json.Nodes;
using CsCheck;

namespace Petrel.Model.Tests;

/// <summary>Random small JSON.</summary>
internal static class JsonGen
{
    private static readonly Gen<string> Names = Gen.OneOfConst("a", "b", "c", "d");

    public static Gen<JsonObject> Object { get; } = Members(2);

    private static Gen<JsonObject> Members(int depth) =>
        Gen.Dictionary(Names, Value(depth))[0, 3]
            .Select(members =>
            {
                var result = new JsonObject();
                foreach (var (name, value) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    result[name] = value?.DeepClone();
                }
                return result;
            });

    private static Gen<JsonNode?> Value(int depth)
    {
        var leaf = Gen.OneOf(
            Gen.Int[0, 3].Select(i => (JsonNode?)JsonValue.Create(i)),
            Names.Select(s => (JsonNode?)JsonValue.Create(s)),
            Gen.Const(() => (JsonNode?)null)
        );
        return depth == 0 ? leaf : Gen.OneOf(leaf, Members(depth - 1).Select(o => (JsonNode?)o));
    }
}
