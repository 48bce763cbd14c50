using System.Text.Json.Nodes;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Definitions of custom resources with their schemas and JSON paths, and the objects of one that stands.</summary>
public sealed class CustomResourceFuzzTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Objects = "/apis/fuzz.example.com/v1/namespaces/default/things";

    private const string Schema = """
        {"type":"object","required":["spec"],"properties":{"spec":{"type":"object","required":["size"],"properties":{
          "size":{"type":"integer","format":"int32","minimum":1,"maximum":10,"exclusiveMaximum":true,"multipleOf":2,"default":2},
          "name":{"type":"string","pattern":"^(a+)+$","minLength":1,"maxLength":9,"enum":["a","aa"]},"when":{"type":"string",
          "format":"date-time","nullable":true},
          "list":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"maxItems":3,"items":{"type":"object",
          "required":["k"],"properties":{"k":{"type":"string"},"v":{"x-kubernetes-int-or-string":true}}}},
          "set":{"type":"array","x-kubernetes-list-type":"set","uniqueItems":false,"items":{"type":"string"}},"map":{"type":"object",
          "additionalProperties":{"type":"number"},"maxProperties":2},
          "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"raw":{"type":"object",
          "x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}},
          "oneOf":[{"required":["name"]},{"required":["when"]}],"not":{"required":["none"]}}}}
        """;

    private static readonly JsonNode Definition = JsonNode.Parse(
        """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.fuzz.example.com"},
         "spec":{"group":"fuzz.example.com","scope":"Namespaced","names":{"plural":"things","singular":"thing","kind":"Thing",
         "listKind":"ThingList","shortNames":["th"],"categories":["all"]},
         "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":SCHEMA},
           "subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size",
           "labelSelectorPath":".spec.name"}},
           "selectableFields":[{"jsonPath":".spec.name"}],
           "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size","priority":0},{"name":"K","type":"string",
           "jsonPath":".spec.list[?(@.k==\"a\")].v"},
             {"name":"All","type":"string","jsonPath":".spec.map['a.b']"},{"name":"Age","type":"date",
             "jsonPath":".metadata.creationTimestamp"}]}]}}
        """.Replace("SCHEMA", Schema, StringComparison.Ordinal)
    )!;

    private static readonly JsonNode Thing = JsonNode.Parse(
        """
        {"apiVersion":"fuzz.example.com/v1","kind":"Thing","metadata":{"name":"t"},"spec":{"size":4,"name":"aa","list":[{"k":"a","v":1},
        {"k":"b","v":"x"}],"set":["p","q"],"map":{"a.b":1.5},
        "free":{"x":[{"y":null}]},"raw":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"r"}}},"status":{"size":1}}
        """
    )!;

    private static readonly string[] Paths =
    [
        ".spec.size",
        ".spec.list[0].k",
        ".spec.list[*].v",
        ".spec.list[?(@.k==\"a\")].v",
        ".spec.map['a.b']",
        ".spec..k",
        "{.spec.size}",
        ".spec.list[-1:]",
        ".metadata.annotations.a\\.b/c",
        ".spec.list[?(@.k=='a' && @.v>1)]",
    ];

    [Fact]
    public void Definitions_are_answered() =>
        FuzzRun.Run(
            700,
            static _ => Task.CompletedTask,
            static (run, random) =>
            {
                run.Send("POST", Definitions, Mutator.Utf8(Mutator.Document(random, Definition)));
                run.Send("DELETE", Definitions + "/things.fuzz.example.com");
            }
        );

    [Fact]
    public void JSON_paths_of_columns_are_answered_and_so_are_the_tables_that_have_them()
    {
        var i = 0;
        FuzzRun.Run(
            250,
            static _ => Task.CompletedTask,
            (run, random) =>
            {
                var definition = Definition.DeepClone();
                var name = $"t{i++ % 10}";
                (definition["metadata"]!["name"], definition["spec"]!["names"]!["plural"]) = ($"{name}s.fuzz.example.com", $"{name}s");
                (
                    definition["spec"]!["names"]!["singular"],
                    definition["spec"]!["names"]!["kind"],
                    definition["spec"]!["names"]!["listKind"]
                ) = (name, name.ToUpperInvariant(), name.ToUpperInvariant() + "List");
                definition["spec"]!["names"]!.AsObject().Remove("shortNames");
                definition["spec"]!["versions"]![0]!["additionalPrinterColumns"]![1]!["jsonPath"] = Mutator.Text(random, Paths);
                run.Send("POST", Definitions, Mutator.Utf8(definition));
                var thing = Thing.DeepClone();
                thing["kind"] = name.ToUpperInvariant();
                run.Send("POST", Objects.Replace("things", name + "s", StringComparison.Ordinal), Mutator.Utf8(thing));
                run.Send(
                    "GET",
                    Objects.Replace("things", name + "s", StringComparison.Ordinal),
                    accept: "application/json;as=Table;v=v1;g=meta.k8s.io"
                );
                run.Send("DELETE", Objects.Replace("things", name + "s", StringComparison.Ordinal));
                run.Send("DELETE", $"{Definitions}/{name}s.fuzz.example.com");
            }
        );
    }

    [Fact]
    public void Objects_are_answered()
    {
        var i = 0;
        FuzzRun.Run(
            1200,
            static api => api.CreateAsync(Definitions, Definition.ToJsonString()),
            (run, random) =>
            {
                var thing = Thing.DeepClone();
                var sent = i++ == 0 ? thing : Mutator.Document(random, thing);
                switch (i % 4)
                {
                    case 0:
                        run.Send("PATCH", $"{Objects}/t?fieldManager=m", Mutator.Utf8(sent), "application/apply-patch+yaml");
                        break;
                    case 1:
                        run.Send("POST", Objects, Mutator.Utf8(sent));
                        break;
                    case 2:
                        run.Send("PATCH", Objects + "/t", Mutator.Utf8(sent), "application/merge-patch+json");
                        break;
                    default:
                        run.Send("PUT", Objects + Mutator.Pick(random, (string[])["/t", "/t/status", "/t/scale"]), Mutator.Utf8(sent));
                        break;
                }
                if (i % 50 == 0)
                {
                    run.Send("GET", Objects, accept: "application/json;as=Table;v=v1;g=meta.k8s.io");
                }
            }
        );
    }
}
