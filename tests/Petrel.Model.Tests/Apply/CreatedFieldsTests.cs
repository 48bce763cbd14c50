using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Apply;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests.Apply;

/// <summary>
/// The short way of telling a creator's fields finds what the long way finds, on documents made at random from the schemas themselves.
/// </summary>
public sealed class CreatedFieldsTests
{
    private static readonly string[] Kinds =
    [
        "/v1/Pod",
        "/v1/Service",
        "/v1/ConfigMap",
        "/v1/Node",
        "apps/v1/Deployment",
        "batch/v1/CronJob",
        "networking.k8s.io/v1/Ingress",
        "rbac.authorization.k8s.io/v1/RoleBinding",
    ];

    private static SchemaType TypeOf(string kind)
    {
        var parts = kind.Split('/');
        return KubernetesSchemas.ForKind(new GroupVersionKind(parts[0], parts[1], parts[2]))!;
    }

    [Fact]
    public void Both_ways_find_the_same() =>
        Gen.Select(Gen.OneOfConst(Kinds), Gen.Int[0, 9].Array[400])
            .Sample(
                (kind, choices) =>
                {
                    var type = TypeOf(kind);
                    var next = 0;
                    int Choose() => choices[next++ % choices.Length];
                    var document = Object(type, Choose, 0);
                    var compared = FieldOwnership.Update(
                        [],
                        document,
                        ManagedFields.None,
                        new("m", false, "v1"),
                        new ApplyKind("v1", type),
                        new FieldSet(),
                        "t"
                    );
                    var expected = compared.Entries.Count == 0 ? "{}" : compared.Entries[0].Fields.ToJson().ToJsonString();

                    // Null: items that are there twice need the long way.
                    if (CreatedFields.Of(document, type, new FieldSet()) is { } text)
                    {
                        Assert.Equal(expected, JsonNode.Parse(text)!.ToJsonString());
                    }
                }
            );

    private static JsonObject Object(SchemaType type, Func<int> choose, int depth)
    {
        var result = new JsonObject();
        foreach (var field in type.Fields)
        {
            if (depth < 6 && choose() < (depth < 2 ? 6 : 2))
            {
                result[field.Name] = Field(field, choose, depth);
            }
        }
        return result;
    }

    private static JsonNode? Field(SchemaField field, Func<int> choose, int depth)
    {
        if (field.IsMap)
        {
            return new JsonObject(
                Enumerable
                    .Range(0, choose() % 3)
                    .Select(i => KeyValuePair.Create($"k{i}", field.IsList ? new JsonArray() : Value(field, choose, depth)))
            );
        }
        return field.IsList
            ? new JsonArray([.. Enumerable.Range(0, choose() % 4).Select(_ => Value(field, choose, depth))])
            : Value(field, choose, depth);
    }

    private static JsonNode? Value(SchemaField field, Func<int> choose, int depth) =>
        field.Kind switch
        {
            FieldKind.Object => Object(field.Type!, choose, depth + 1),
            FieldKind.Int32 or FieldKind.Int64 => choose(),
            FieldKind.Bool => choose() % 2 == 0,
            FieldKind.Json => choose() % 2 == 0 ? new JsonObject { ["a"] = 1 } : null,
            _ => $"s{choose()}",
        };
}
