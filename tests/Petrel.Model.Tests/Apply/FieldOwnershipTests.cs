using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Apply;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests.Apply;

/// <summary>Laws of applying, over random configurations of a Service: maps, scalars and a list map with a defaulted key.</summary>
public sealed class FieldOwnershipTests
{
    private static readonly SchemaType Type = KubernetesSchemas.ForKind(new GroupVersionKind("", "v1", "Service"))!;
    private static readonly ApplyKind Kind = new("v1", Type);
    private static readonly FieldSet Nothing = new();
    private static readonly FieldManager Alice = new("alice", true, "v1");
    private static readonly FieldManager Bob = new("bob", true, "v1");

    private static readonly Gen<JsonObject> Configurations = Gen.Select(
            Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2]).Array[0, 4],
            Gen.Select(Gen.Int[80, 83], Gen.Bool, Gen.Int[0, 2]).Array[0, 4],
            Gen.Int[0, 3]
        )
        .Select(
            (labels, ports, type) =>
            {
                var value = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Service",
                    ["metadata"] = new JsonObject { ["name"] = "s" },
                };
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
                    spec["ports"] = new JsonArray([
                        .. ports
                            .DistinctBy(p => (p.Item1, p.Item2))
                            .Select(p => new JsonObject
                            {
                                ["port"] = p.Item1,
                                ["protocol"] = p.Item2 ? "UDP" : "TCP",
                                ["name"] = $"n{p.Item3}",
                            }),
                    ]);
                }
                if (type > 0)
                {
                    spec["sessionAffinity"] = $"t{type}";
                }
                value["spec"] = spec;
                return value;
            }
        );

    private static ApplyResult Apply(
        JsonObject live,
        JsonObject configuration,
        ManagedFields managers,
        FieldManager manager,
        bool force = true
    ) => FieldOwnership.Apply(live, configuration, managers, manager, Kind, Nothing, force, "2026-01-01T00:00:00Z");

    [Fact]
    public void What_is_applied_is_there() =>
        Gen.Select(Configurations, Configurations)
            .Sample(
                (first, second) =>
                {
                    var one = Apply([], first, ManagedFields.None, Alice);
                    var two = Apply(one.Document, second, one.Managers, Bob);

                    var missing = TypedFields
                        .SetOf(second, Type)
                        .Difference(TypedFields.WithStructs(TypedFields.SetOf(two.Document, Type), Type));
                    Assert.True(missing.IsEmpty, missing.ToString());
                    Assert.True(TypedComparison.Compare(two.Document, TypedMerge.Merge(two.Document, second, Type), Type).IsSame);
                }
            );

    [Fact]
    public void Applying_twice_is_applying_once() =>
        Gen.Select(Configurations, Configurations)
            .Sample(
                (first, second) =>
                {
                    var one = Apply([], first, ManagedFields.None, Alice);
                    var two = Apply(one.Document, second, one.Managers, Bob);
                    var again = Apply(two.Document, second, two.Managers, Bob, force: false);

                    Assert.Empty(again.Conflicts);
                    Assert.True(JsonNode.DeepEquals(two.Document, again.Document));
                    Assert.Equal(two.Managers.ToJson()!.ToJsonString(), again.Managers.ToJson()!.ToJsonString());
                }
            );

    [Fact]
    public void One_managers_history_does_not_matter() =>
        Configurations
            .Array[1, 5]
            .Sample(configurations =>
            {
                var (document, managers) = (new JsonObject(), ManagedFields.None);
                foreach (var configuration in configurations)
                {
                    (document, managers, _) = Apply(document, configuration, managers, Alice);
                }
                var direct = Apply([], configurations[^1], ManagedFields.None, Alice);

                // What is left of lists and maps that emptied is the same to every reader.
                var difference = TypedComparison.Compare(Pruned(document), Pruned(direct.Document), Type);
                Assert.True(difference.IsSame, $"{document} {direct.Document}");
            });

    [Fact]
    public void A_field_is_lost_only_when_nobody_owns_it() =>
        Gen.Select(Configurations, Configurations, Configurations)
            .Sample(
                (first, second, third) =>
                {
                    var one = Apply([], first, ManagedFields.None, Alice);
                    var two = Apply(one.Document, second, one.Managers, Bob);
                    var three = Apply(two.Document, third, two.Managers, Alice);

                    var kept = three
                        .Managers.FieldsOf(Bob)
                        .Difference(TypedFields.WithStructs(TypedFields.SetOf(three.Document, Type), Type));
                    Assert.True(kept.IsEmpty, kept.ToString());
                }
            );

    [Fact]
    public void There_is_a_conflict_just_when_anothers_field_would_change() =>
        Gen.Select(Configurations, Configurations)
            .Sample(
                (first, second) =>
                {
                    var one = Apply([], first, ManagedFields.None, Alice);
                    var two = Apply(one.Document, second, one.Managers, Bob, force: false);

                    var changed = TypedComparison.Compare(one.Document, TypedMerge.Merge(one.Document, second, Type), Type).Changed;
                    var contested = FieldOwnership.Owned(changed).Intersection(one.Managers.FieldsOf(Alice));
                    Assert.Equal(!contested.IsEmpty, two.Conflicts.Count > 0);
                    if (!contested.IsEmpty)
                    {
                        Assert.True(Assert.Single(two.Conflicts).Fields.SetEquals(contested));
                    }
                }
            );

    [Fact]
    public void A_creators_fields_are_written_as_a_comparison_finds_them() =>
        Configurations.Sample(configuration =>
        {
            configuration["metadata"]!["uid"] = "u";
            configuration["metadata"]!["finalizers"] = new JsonArray("z/z", "a/\"b");
            configuration["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
            var reset = new FieldSet();
            reset.Add("f:status");

            var compared = FieldOwnership.Update([], configuration, ManagedFields.None, Alice with { Applies = false }, Kind, reset, "t");

            Assert.Equal(
                compared.Entries[0].Fields.ToJson().ToJsonString(),
                JsonNode.Parse(CreatedFields.Of(configuration, Type, reset)!)!.ToJsonString()
            );
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
            managers = FieldOwnership.Update(
                document,
                next,
                managers,
                new FieldManager($"writer-{i}", false, "v1"),
                Kind,
                Nothing,
                $"2026-01-01T00:00:{i:00}Z"
            );
            document = next;
        }

        Assert.Equal(10, managers.Entries.Count);
        var ancient = managers.FieldsOf(new FieldManager("ancient-changes", false, "v1"));
        Assert.True(ancient.Has("f:metadata", "f:labels", "f:l0"));
        Assert.False(managers.FieldsOf(new FieldManager("writer-13", false, "v1")).IsEmpty);
    }

    [Fact]
    public void The_oldest_of_each_version_are_gathered_apart()
    {
        var managers = ManagedFields.None;
        for (var i = 0; i < 12; i++)
        {
            var fields = new FieldSet();
            fields.Add($"f:x{i}");
            managers = managers.With(new FieldManager($"w{i:00}", false, i % 2 == 0 ? "v1" : "v2"), fields, $"2026-01-01T00:00:{i:00}Z");
        }

        var capped = managers.Capped(10);

        Assert.Equal(10, capped.Entries.Count);
        Assert.Equal(["f:x0", "f:x2"], capped.FieldsOf(new("ancient-changes", false, "v1")).Children.Select(c => c.Key));
        Assert.Equal(["f:x1", "f:x3"], capped.FieldsOf(new("ancient-changes", false, "v2")).Children.Select(c => c.Key));
        Assert.Equal(
            "2026-01-01T00:00:02Z",
            capped.Entries.Single(e => e.Manager == new FieldManager("ancient-changes", false, "v1")).Time
        );
    }

    [Fact]
    public void A_time_tells_of_a_managers_own_last_change()
    {
        static JsonObject Labels(string a, string b) =>
            new()
            {
                ["metadata"] = new JsonObject
                {
                    ["labels"] = new JsonObject { ["a"] = a, ["b"] = b },
                },
            };
        var bob = new FieldManager("bob", false, "v1");
        var one = FieldOwnership.Apply([], Labels("1", "1"), ManagedFields.None, Alice, Kind, Nothing, false, "t1");
        string Time(ManagedFields managers, FieldManager manager) => managers.Entries.Single(e => e.Manager == manager).Time;

        // Another takes a field: it is the other's change.
        var taken = FieldOwnership.Update(one.Document, Labels("1", "2"), one.Managers, bob, Kind, Nothing, "t2");
        Assert.Equal(("t1", "t2"), (Time(taken, Alice), Time(taken, bob)));
        // The same field again, with another value.
        var again = FieldOwnership.Update(Labels("1", "2"), Labels("1", "3"), taken, bob, Kind, Nothing, "t3");
        Assert.Equal(("t1", "t3"), (Time(again, Alice), Time(again, bob)));
        // Nothing new.
        var same = FieldOwnership.Apply(
            Labels("1", "3"),
            new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "1" } } },
            again,
            Alice,
            Kind,
            Nothing,
            false,
            "t4"
        );
        Assert.Equal("t1", Time(same.Managers, Alice));
        var other = FieldOwnership.Apply(
            same.Document,
            new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "2" } } },
            same.Managers,
            Alice,
            Kind,
            Nothing,
            false,
            "t5"
        );
        Assert.Equal("t5", Time(other.Managers, Alice));
    }

    [Fact]
    public void Managers_of_another_version_own_what_their_version_shows()
    {
        // In v0 the session affinity is called by its first name only.
        var old = new SchemaType("v0", _ =>
            [.. Type.Fields.Where(f => f.Name != "spec"), new SchemaField { Name = "affinity", Kind = FieldKind.String }]
        );
        var kind = new ApplyKind("v1", Type, version =>
            version == "v0"
                ? new(
                    old,
                    now => now["spec"]?["sessionAffinity"] is { } affinity ? new JsonObject { ["affinity"] = affinity.DeepClone() } : [],
                    then =>
                        then["affinity"] is { } affinity
                            ? new JsonObject { ["spec"] = new JsonObject { ["sessionAffinity"] = affinity.DeepClone() } }
                            : []
                )
                : null
        );
        var fields = new FieldSet();
        fields.Add("f:affinity");
        var gone = new FieldManager("gone", false, "v9");
        var managers = ManagedFields.None.With(new("bob", true, "v0"), fields, "t0").With(gone, fields, "t0");
        JsonObject Affinity(string value) =>
            new()
            {
                ["metadata"] = new JsonObject(),
                ["spec"] = new JsonObject { ["sessionAffinity"] = value },
            };

        var refused = FieldOwnership.Apply(Affinity("None"), Affinity("ClientIP"), managers, Alice, kind, Nothing, false, "t1");
        var forced = FieldOwnership.Apply(Affinity("None"), Affinity("ClientIP"), managers, Alice, kind, Nothing, true, "t1");
        var dropped = FieldOwnership.Apply(
            Affinity("None"),
            new JsonObject { ["metadata"] = new JsonObject() },
            managers,
            Bob,
            kind,
            Nothing,
            false,
            "t1"
        );

        Assert.Equal([".affinity"], Assert.Single(refused.Conflicts).Fields.Paths());
        Assert.Equal([Alice], forced.Managers.Entries.Select(e => e.Manager));
        Assert.Null(dropped.Document["spec"]?["sessionAffinity"]);
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
