using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Apply;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests.Apply;

/// <summary>Laws of applying, over random configurations of a Service: maps, scalars and a list map with a defaulted key.</summary>
public sealed class FieldOwnershipTests
{
    private static readonly SchemaType Type = KubernetesSchemas.ForKind(new GroupVersionKind("", "v1", "Service"))!;
    private static readonly FieldManager Alice = new("alice", true, "v1");
    private static readonly FieldManager Bob = new("bob", true, "v1");

    private static readonly Gen<JsonObject> Configurations = Gen.Select(
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2]).Array[0, 4],
        Gen.Select(Gen.Int[80, 83], Gen.Bool, Gen.Int[0, 2]).Array[0, 4],
        Gen.Int[0, 3]).Select((labels, ports, type) =>
    {
        var value = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Service", ["metadata"] = new JsonObject { ["name"] = "s" } };
        if (labels.Length > 0)
        {
            var map = new JsonObject();
            foreach (var (key, text) in labels)
            {
                map[$"l{key}"] = $"{text}";
            }
            value["metadata"]!["labels"] = map;
        }
        var spec = new JsonObject();
        if (ports.Length > 0)
        {
            spec["ports"] = new JsonArray([.. ports.DistinctBy(p => (p.Item1, p.Item2)).Select(p => new JsonObject
            {
                ["port"] = p.Item1,
                ["protocol"] = p.Item2 ? "UDP" : "TCP",
                ["name"] = $"n{p.Item3}",
            })]);
        }
        if (type > 0)
        {
            spec["sessionAffinity"] = $"t{type}";
        }
        value["spec"] = spec;
        return value;
    });

    private static ApplyResult Apply(JsonObject live, JsonObject configuration, ManagedFields managers, FieldManager manager, bool force = true) =>
        FieldOwnership.Apply(live, configuration, managers, manager, Type, new FieldSet(), force, null, "2026-01-01T00:00:00Z");

    [Fact]
    public void What_is_applied_is_there() => Gen.Select(Configurations, Configurations).Sample((first, second) =>
    {
        var one = Apply([], first, ManagedFields.None, Alice);
        var two = Apply(one.Document, second, one.Managers, Bob);

        var missing = TypedFields.SetOf(second, Type).Difference(TypedFields.SetOf(two.Document, Type).WithNamedFields());
        Assert.True(missing.IsEmpty, missing.ToString());
        Assert.True(TypedFields.Compare(two.Document, TypedMerge.Merge(two.Document, second, Type), Type).IsSame);
    });

    [Fact]
    public void Applying_twice_is_applying_once() => Gen.Select(Configurations, Configurations).Sample((first, second) =>
    {
        var one = Apply([], first, ManagedFields.None, Alice);
        var two = Apply(one.Document, second, one.Managers, Bob);
        var again = Apply(two.Document, second, two.Managers, Bob, force: false);

        Assert.Empty(again.Conflicts);
        Assert.True(JsonNode.DeepEquals(two.Document, again.Document));
        Assert.Equal(two.Managers.ToJson()!.ToJsonString(), again.Managers.ToJson()!.ToJsonString());
    });

    [Fact]
    public void One_managers_history_does_not_matter() => Configurations.Array[1, 5].Sample(configurations =>
    {
        var (document, managers) = (new JsonObject(), ManagedFields.None);
        foreach (var configuration in configurations)
        {
            (document, managers, _) = Apply(document, configuration, managers, Alice);
        }
        var direct = Apply([], configurations[^1], ManagedFields.None, Alice);

        // What is left of lists and maps that emptied is the same to every reader.
        var difference = TypedFields.Compare(Pruned(document), Pruned(direct.Document), Type);
        Assert.True(difference.IsSame, $"{document} {direct.Document}");
    });

    [Fact]
    public void A_field_is_lost_only_when_nobody_owns_it() => Gen.Select(Configurations, Configurations, Configurations).Sample((first, second, third) =>
    {
        var one = Apply([], first, ManagedFields.None, Alice);
        var two = Apply(one.Document, second, one.Managers, Bob);
        var three = Apply(two.Document, third, two.Managers, Alice);

        var kept = three.Managers.FieldsOf(Bob).Difference(TypedFields.SetOf(three.Document, Type).WithNamedFields());
        Assert.True(kept.IsEmpty, kept.ToString());
    });

    [Fact]
    public void There_is_a_conflict_just_when_anothers_field_would_change() => Gen.Select(Configurations, Configurations).Sample((first, second) =>
    {
        var one = Apply([], first, ManagedFields.None, Alice);
        var two = Apply(one.Document, second, one.Managers, Bob, force: false);

        var changed = TypedFields.Compare(one.Document, TypedMerge.Merge(one.Document, second, Type), Type).Changed;
        var contested = FieldOwnership.Owned(changed).Intersection(one.Managers.FieldsOf(Alice));
        Assert.Equal(!contested.IsEmpty, two.Conflicts.Count > 0);
        if (!contested.IsEmpty)
        {
            Assert.True(Assert.Single(two.Conflicts).Fields.SetEquals(contested));
        }
    });

    [Fact]
    public void Too_many_writers_become_ancient_ones()
    {
        var managers = ManagedFields.None;
        var document = new JsonObject();
        for (var i = 0; i < 14; i++)
        {
            var next = document.DeepClone().AsObject();
            next["metadata"] ??= new JsonObject { ["labels"] = new JsonObject() };
            next["metadata"]!["labels"]![$"l{i}"] = "x";
            managers = FieldOwnership.Update(document, next, managers, new FieldManager($"writer-{i}", false, "v1"), Type, $"2026-01-01T00:00:{i:00}Z");
            document = next;
        }

        Assert.Equal(10, managers.Entries.Count);
        var ancient = managers.FieldsOf(new FieldManager("ancient-changes", false, "v1"));
        Assert.True(ancient.Has("f:metadata", "f:labels", "f:l0"));
        Assert.False(managers.FieldsOf(new FieldManager("writer-13", false, "v1")).IsEmpty);
    }

    private static JsonObject Pruned(JsonObject value)
    {
        var result = new JsonObject();
        foreach (var (name, member) in value)
        {
            var kept = member is JsonObject map ? Pruned(map) : member?.DeepClone();
            if (kept is not (JsonObject { Count: 0 } or JsonArray { Count: 0 }))
            {
                result[name] = kept;
            }
        }
        return result;
    }
}
