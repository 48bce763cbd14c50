using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Apply;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests.Apply;

public sealed class TypedComparisonTests
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private static readonly SchemaType Pod = KubernetesSchemas.ForKind(new GroupVersionKind("", "v1", "Pod"))!;
    private static readonly SchemaType Deployment = KubernetesSchemas.ForKind(new GroupVersionKind("apps", "v1", "Deployment"))!;

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static string Text(FieldSet set) => set.ToJson().ToJsonString(Plain);

    [Fact]
    public void A_new_workload_is_told_as_upstream_tells_it()
    {
        var workload = Parse(
            """
            {"metadata":{"labels":{"app":"web"}},
             "spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate",
             "rollingUpdate":{"maxSurge":"25%"}},
              "template":{"metadata":{"labels":{"app":"web"}},
               "spec":{"containers":[{"name":"web","image":"web:1","resources":{},"ports":[{"containerPort":80,"protocol":"TCP"}]}],
               "securityContext":{}}}}}
            """
        );

        var added = FieldOwnership.Owned(TypedComparison.Compare([], workload, Deployment).Changed);

        Assert.Equal(
            """
            {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},
            "f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},
            "f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{".":{},
            "k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{}}},
            "f:securityContext":{}}}}}
            """.ReplaceLineEndings(""),
            Text(added)
        );
    }

    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void Items_are_found_by_their_keys_in_lists_of_any_length_and_order(int count)
    {
        JsonObject Status(IEnumerable<(string Type, string Status)> conditions) =>
            new()
            {
                ["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray([
                        .. conditions.Select(c => new JsonObject { ["type"] = c.Type, ["status"] = c.Status }),
                    ]),
                },
            };
        var before = Enumerable.Range(0, count).Select(i => ($"t{i}", "True")).ToList();
        var after = before.Skip(2).Append(("t1", "False")).Prepend(("new", "True")).ToList();

        var found = TypedComparison.Compare(Status(before), Status(after), Pod);

        Assert.Equal("""{"f:status":{"f:conditions":{"k:{\"type\":\"new\"}":{".":{},"f:status":{},"f:type":{}}}}}""", Text(found.Added));
        Assert.Equal("""{"f:status":{"f:conditions":{"k:{\"type\":\"t1\"}":{"f:status":{}}}}}""", Text(found.Modified));
        Assert.Equal("""{"f:status":{"f:conditions":{"k:{\"type\":\"t0\"}":{".":{},"f:status":{},"f:type":{}}}}}""", Text(found.Removed));
        Assert.True(TypedComparison.Compare(Status(before), Status(before.AsEnumerable().Reverse()), Pod).IsSame);
    }

    [Theory]
    [InlineData("""{"spec":{"priority":1}}""", """{"spec":{"priority":2}}""", "{}", """{"f:spec":{"f:priority":{}}}""", "{}")]
    [InlineData("""{"spec":{"priority":1}}""", """{"spec":{}}""", "{}", "{}", """{"f:spec":{"f:priority":{}}}""")]
    [InlineData(
        """{"metadata":{"labels":{"a":"1","b":"2"}}}""",
        """{"metadata":{"labels":{"a":"1","c":"3"}}}""",
        """{"f:metadata":{"f:labels":{"f:c":{}}}}""",
        "{}",
        """{"f:metadata":{"f:labels":{"f:b":{}}}}"""
    )]
    [InlineData(
        """{"metadata":{"labels":{"a":"1"}}}""",
        """{"metadata":{}}""",
        "{}",
        "{}",
        """{"f:metadata":{"f:labels":{".":{},"f:a":{}}}}"""
    )]
    [InlineData(
        """{"metadata":{"finalizers":["a/b"]}}""",
        """{"metadata":{"finalizers":["c/d"]}}""",
        """{"f:metadata":{"f:finalizers":{"v:\"c/d\"":{}}}}""",
        "{}",
        """{"f:metadata":{"f:finalizers":{"v:\"a/b\"":{}}}}"""
    )]
    [InlineData(
        """{"spec":{"nodeSelector":{"a":"1"}}}""",
        """{"spec":{"nodeSelector":{"b":"1"}}}""",
        "{}",
        """{"f:spec":{"f:nodeSelector":{}}}""",
        "{}"
    )]
    [InlineData(
        """{"spec":{"containers":[{"name":"a","image":"x"}]}}""",
        """{"spec":{"containers":[{"name":"a","image":"y"},{"name":"b"}]}}""",
        """{"f:spec":{"f:containers":{"k:{\"name\":\"b\"}":{".":{},"f:name":{}}}}}""",
        """{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}}}}""",
        "{}"
    )]
    [InlineData(
        """{"spec":{"securityContext":{}}}""",
        """{"spec":{"securityContext":{"runAsUser":1}}}""",
        """{"f:spec":{"f:securityContext":{"f:runAsUser":{}}}}""",
        "{}",
        "{}"
    )]
    [InlineData("""{"spec":{"priority":1}}""", """{"spec":{"priority":null}}""", "{}", """{"f:spec":{"f:priority":{}}}""", "{}")]
    public void Each_field_is_in_the_set_that_tells_what_became_of_it(
        string before,
        string after,
        string added,
        string modified,
        string removed
    )
    {
        var comparison = TypedComparison.Compare(Parse(before), Parse(after), Pod);

        Assert.Equal([added, modified, removed], [Text(comparison.Added), Text(comparison.Modified), Text(comparison.Removed)]);
        Assert.True(TypedComparison.Compare(Parse(after), Parse(after), Pod).IsSame);
    }

    [Theory]
    [InlineData("X=1 X=2", "X=1 X=2", "{}", "{}", "{}")]
    [InlineData("X=1 X=2", "X=1 X=3", "{}", """{"k:{\"name\":\"X\"}":{}}""", "{}")]
    [InlineData("X=1", "X=1 X=2", """{"k:{\"name\":\"X\"}":{}}""", "{}", """{"k:{\"name\":\"X\"}":{".":{},"f:name":{},"f:value":{}}}""")]
    [InlineData("X=1 X=2", "X=1", """{"k:{\"name\":\"X\"}":{".":{},"f:name":{},"f:value":{}}}""", "{}", """{"k:{\"name\":\"X\"}":{}}""")]
    public void Items_that_are_there_twice_count_as_wholes(string before, string after, string added, string modified, string removed)
    {
        static JsonObject Env(string variables) =>
            new()
            {
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray(
                        new JsonObject
                        {
                            ["name"] = "a",
                            ["env"] = new JsonArray([
                                .. variables
                                    .Split(' ')
                                    .Select(v => new JsonObject { ["name"] = v.Split('=')[0], ["value"] = v.Split('=')[1] }),
                            ]),
                        }
                    ),
                },
            };
        static string Found(FieldSet set) =>
            Text(set.Child("f:spec")?.Child("f:containers")?.Child("""k:{"name":"a"}""")?.Child("f:env") ?? new FieldSet());

        var comparison = TypedComparison.Compare(Env(before), Env(after), Pod);

        Assert.Equal([added, modified, removed], [Found(comparison.Added), Found(comparison.Modified), Found(comparison.Removed)]);
    }

    [Fact]
    public void A_configuration_states_zeros_nulls_and_empty_objects_but_no_empty_lists_of_items()
    {
        var set = TypedFields.SetOf(
            Parse(
                """{"metadata":{"labels":{},"annotations":{"a":null}},"spec":{"hostNetwork":false,"priority":"""
                    + """null,"containers":[],"tolerations":[]}}"""
            ),
            Pod
        );

        Assert.Equal(
            """{"f:metadata":{"f:annotations":{"f:a":{}},"f:labels":{}},"f:spec":{"f:hostNetwork":{},"f:priority":{},"f:"""
                + """tolerations":{}}}""",
            Text(set)
        );
    }

    [Fact]
    public void Who_owned_parts_of_what_became_atomic_owns_it_all()
    {
        var set = FieldSet.Parse(
            Parse(
                """{"f:spec":{"f:nodeSelector":{".":{},"f:a":{}},"f:priority":{},"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}}}}"""
            )
        );

        Assert.Equal(
            """{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}},"f:nodeSelector":{},"f:priority":{}}}""",
            Text(TypedFields.Reconcile(set, Pod))
        );
    }

    [Theory]
    [InlineData("""{"spec":{"foo":1}}""", ".spec.foo: field not declared in schema")]
    [InlineData("""{"spec":{"priority":"1"}}""", ".spec.priority: expected numeric (int or float), got string")]
    [InlineData("""{"spec":{"hostname":1}}""", ".spec.hostname: expected string, got int64")]
    [InlineData("""{"spec":{"hostNetwork":"yes"}}""", ".spec.hostNetwork: expected boolean, got string")]
    [InlineData("""{"spec":[]}""", ".spec: expected map, got &{[]}")]
    [InlineData("""{"spec":{"containers":{"a":"b"}}}""", ".spec.containers: expected list, got &{map[a:b]}")]
    [InlineData("""{"spec":{"containers":[{"name":"a","image":1}]}}""", """.spec.containers[name="a"].image: expected string, got int64""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}""", """.spec.containers: duplicate entries for key [name="a"]""")]
    [InlineData(
        """{"spec":{"containers":["a"]}}""",
        ".spec.containers: element 0: associative list with keys may not have non-map elements"
    )]
    [InlineData("""{"spec":{"a":1,"b":2}}""", "errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema")]
    public void What_a_configuration_may_not_say_is_told_in_upstreams_words(string configuration, string message) =>
        Assert.Equal(message, TypedValidation.Message(TypedValidation.Check(Parse(configuration), Pod)));
}
