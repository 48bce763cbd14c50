using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests;

public sealed class SchemaTests(ITestOutputHelper output)
{
    private static readonly string[] Groups =
    [
        "",
        "apps",
        "coordination.k8s.io",
        "events.k8s.io",
        "discovery.k8s.io",
        "batch",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
    ];

    // The client's models are of 1.37, the table of 1.35: what differs, reviewed.
    private static readonly HashSet<string> NewerThanTheTable =
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "schema-differences.txt")).Where(l => l.Length > 0 && l[0] != '#'),
    ];

    [Fact]
    public void Every_property_of_the_clients_models_is_in_the_table_and_the_other_way_round()
    {
        var problems = new SortedSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<Type>();
        var compared = 0;
        foreach (var model in typeof(V1Pod).Assembly.GetTypes())
        {
            var entity = model.GetCustomAttribute<KubernetesEntityAttribute>();
            if (entity is null || !Groups.Contains(entity.Group) || entity.ApiVersion.Contains("alpha", StringComparison.Ordinal))
            {
                continue;
            }
            if (KubernetesSchemas.ForKind(new(entity.Group, entity.ApiVersion, entity.Kind)) is not { } type)
            {
                problems.Add($"kind {entity.Group}/{entity.ApiVersion} {entity.Kind}");
                continue;
            }
            compared++;
            Compare(model, type, seen, problems);
        }
        Assert.True(compared > 40, $"only {compared} kinds were compared");
        var unexpected = problems.Where(p => !NewerThanTheTable.Contains(p)).ToArray();
        Assert.True(unexpected.Length == 0, string.Join('\n', unexpected));
        Assert.Equal([], NewerThanTheTable.Except(problems));
    }

    [Fact]
    public void Every_type_resolves_and_no_field_or_number_repeats()
    {
        foreach (var type in KubernetesSchemas.All)
        {
            Assert.Equal(type.Fields.Count, type.Fields.Select(f => f.Name).Distinct().Count());
            var numbers = type.Fields.Where(f => f.Number > 0).Select(f => f.Number).Concat(type.Embedded.Select(e => e.Number)).ToArray();
            Assert.Equal(numbers.Length, numbers.Distinct().Count());
            Assert.All(type.Fields, f => Assert.Equal(f.Kind == FieldKind.Object, f.Type is not null));
        }
    }

    [Fact]
    public void Fields_carry_what_merging_and_decoding_need()
    {
        var pod = KubernetesSchemas.ForKind(new("", "v1", "Pod"))!;
        var spec = pod.Field("spec")!.Type!;
        Assert.Equal("io.k8s.api.core.v1.PodSpec", spec.Name);
        var containers = spec.Field("containers")!;
        Assert.True(
            containers is { IsList: true, Required: true, PatchMerge: true, PatchMergeKey: "name", ListKind: ListKind.Map, Number: 2 }
        );
        var volumes = spec.Field("volumes")!;
        Assert.True(volumes is { PatchMerge: true, PatchRetainKeys: true });
        Assert.NotNull(volumes.Type!.Field("configMap"));
        Assert.Contains(volumes.Type.Embedded, e => e.Type.Name == "io.k8s.api.core.v1.VolumeSource");
        Assert.NotNull(KubernetesSchemas.ByName("io.k8s.api.core.v1.Probe")!.Field("httpGet"));
        Assert.NotNull(KubernetesSchemas.ByName("io.k8s.api.core.v1.PodSecurityContext")!.Field("appArmorProfile"));
        Assert.True(KubernetesSchemas.ForKind(new("apps", "v1", "Deployment"))!.Field("spec")!.Type!.Field("strategy")!.PatchRetainKeys);
        Assert.Equal(["port", "protocol"], KubernetesSchemas.ByName("io.k8s.api.core.v1.ServiceSpec")!.Field("ports")!.ListMapKeys);
        Assert.True(KubernetesSchemas.ByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!.Field("finalizers")!.PatchMerge);
        Assert.Same(
            KubernetesSchemas.ForKind(new("apps", "v1", "DeleteOptions")),
            KubernetesSchemas.ForKind(new("", "v1", "DeleteOptions"))
        );
        Assert.Null(KubernetesSchemas.ForKind(new("apps", "v1", "Pod")));
    }

    [Fact]
    public void Loading_is_quick()
    {
        var start = Stopwatch.GetTimestamp();
        Assert.NotNull(KubernetesSchemas.ForKind(new("", "v1", "Pod")));
        var elapsed = Stopwatch.GetElapsedTime(start);
        output.WriteLine($"loaded {KubernetesSchemas.All.Count} types in {elapsed.TotalMilliseconds:F1} ms (when this test runs first)");
        Assert.True(elapsed < TimeSpan.FromMilliseconds(500), $"loading took {elapsed}");
    }

    private static void Compare(Type model, SchemaType type, HashSet<Type> seen, SortedSet<string> problems)
    {
        if (!seen.Add(model))
        {
            return;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in model.GetProperties())
        {
            if (property.GetCustomAttribute<JsonPropertyNameAttribute>() is not { } json)
            {
                continue;
            }
            names.Add(json.Name);
            var field = type.Field(json.Name);
            if (field is null)
            {
                problems.Add($"+ {type.Name} {json.Name}");
                continue;
            }
            var (element, isList, isMap) = Element(property.PropertyType);
            if (isList != field.IsList || isMap != field.IsMap)
            {
                problems.Add($"! {type.Name} {json.Name}: {property.PropertyType}");
            }
            else if (field.Type is not null && element.Namespace == "k8s.Models")
            {
                Compare(element, field.Type, seen, problems);
            }
            else if ((field.Kind == FieldKind.MicroTime ? FieldKind.Time : field.Kind) != KindOf(element))
            {
                problems.Add($"! {type.Name} {json.Name}: {field.Kind} but {element.Name}");
            }
        }
        problems.UnionWith(type.Fields.Where(f => !names.Contains(f.Name)).Select(f => $"- {type.Name} {f.Name}"));
    }

    private static FieldKind KindOf(Type type) =>
        type.Name switch
        {
            "String" => FieldKind.String,
            "Int32" => FieldKind.Int32,
            "Int64" => FieldKind.Int64,
            "Boolean" => FieldKind.Bool,
            "Double" => FieldKind.Double,
            "Byte" => FieldKind.Bytes,
            "ResourceQuantity" => FieldKind.Quantity,
            "IntOrString" or "IntstrIntOrString" => FieldKind.IntOrString,
            "DateTime" => FieldKind.Time,
            "Object" or "JsonElement" or "JsonNode" => FieldKind.Json,
            _ => FieldKind.Object,
        };

    private static (Type Element, bool IsList, bool IsMap) Element(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(byte[]))
        {
            return (typeof(byte), false, false);
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>))
        {
            var (value, isList, _) = Element(type.GetGenericArguments()[1]);
            return (value, isList, true);
        }
        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>)
            ? (Nullable.GetUnderlyingType(type.GetGenericArguments()[0]) ?? type.GetGenericArguments()[0], true, false)
            : (type, false, false);
    }
}
