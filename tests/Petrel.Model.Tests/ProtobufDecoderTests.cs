using System.Text.Json.Nodes;
using CsCheck;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.Model.Tests;

/// <summary>The fixtures are request bodies of kubectl 1.35.2's <c>create</c> subcommands and <c>auth can-i</c>.</summary>
public sealed class ProtobufDecoderTests
{
    private static readonly string[] Fixtures =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures"), "*.pb").Order(StringComparer.Ordinal),
    ];

    public static TheoryData<string> FixtureNames => [.. Fixtures.Select(f => Path.GetFileNameWithoutExtension(f)!)];

    [Fact]
    public void A_deployment_of_kubectl_decodes_to_its_json() =>
        AssertDecodes(
            "deployment",
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"}},
             "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
              "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"nginx","image":"nginx:1.25",
              "ports":[{"containerPort":80}]}]}}}}
            """
        );

    [Fact]
    public void A_config_map_of_kubectl_decodes_to_its_json() =>
        AssertDecodes(
            "configmap",
            """
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"color":"blue","size":"large"}}
            """
        );

    [Fact]
    public void A_secret_of_kubectl_decodes_to_its_json() =>
        AssertDecodes(
            "secret",
            """
            {"apiVersion":"v1","kind":"Secret","metadata":{"name":"password"},"data":{"pass":"czNjcmV0","user":"YWRtaW4="}}
            """
        );

    [Fact]
    public void A_service_of_kubectl_decodes_to_its_json() =>
        AssertDecodes(
            "service",
            """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","labels":{"app":"web"}},
             "spec":{"ports":[{"name":"80-8080","protocol":"TCP","port":80,"targetPort":8080},{"name":"443-https","protocol":"TCP",
             "port":443,"targetPort":"https"}],
              "selector":{"app":"web"},"type":"ClusterIP"}}
            """
        );

    [Fact]
    public void A_namespace_and_a_service_account_decode_to_their_json()
    {
        AssertDecodes("namespace", """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team-a"}}""");
        AssertDecodes("serviceaccount", """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot"}}""");
    }

    [Theory]
    [MemberData(nameof(FixtureNames))]
    public void What_decodes_conforms_to_the_schema(string name)
    {
        var document = ProtobufDecoder.Decode(Read(name));
        var type = KubernetesSchemas.ForKind(GroupVersionKind.From((string)document["apiVersion"]!, (string)document["kind"]!))!;
        var result = DocumentConformance.Check(document, type);
        Assert.Equal([], result.UnknownFields);
        Assert.Equal([], result.TypeErrors);
        Assert.True(JsonNode.DeepEquals(document, result.Document), $"{document.ToJsonString()}\n{result.Document.ToJsonString()}");
    }

    [Fact]
    public void Times_quantities_maps_and_inlined_structs_have_their_json_forms()
    {
        var metadata = Message((8, Message((1, 1_700_000_000UL), (2, 0UL))), (9, Message()));
        var requests = Message((2, Message((1, "cpu"), (2, Message((1, "0.5"))))));
        var httpGet = Message((1, "/healthz"), (2, Message((1, 1UL), (2, 0UL), (3, "http"))));
        var container = Message((1, "c"), (8, requests), (10, Message((1, Message((2, httpGet))))));
        var volume = Message((1, "v"), (2, Message((19, Message((1, Message((1, "settings"))))))));
        var pod = Message((1, metadata), (2, Message((2, container), (1, volume))));
        var document = ProtobufDecoder.Decode(Envelope("v1", "Pod", pod));
        Assert.Equal(
            """{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2023-11-14T22:13:20Z"},"spec":{"containers":["""
                + """{"name":"c","resources":{"requests":{"cpu":"500m"}},"livenessProbe":{"httpGet":"""
                + """{"path":"/healthz","port":"http"}}}],"volumes":[{"name":"v","configMap":{"name":"settings"}}]}}""",
            document.ToJsonString()
        );
    }

    [Fact]
    public void A_pointers_zero_survives_and_a_values_zero_is_unset()
    {
        var options = Message((1, 0UL), (4, ""), (2, Message((1, "u"))));
        Assert.Equal(
            """{"apiVersion":"apps/v1","kind":"DeleteOptions","gracePeriodSeconds":0,"propagationPolicy":"","preconditions":{"uid":"u"}}""",
            ProtobufDecoder.Decode(Envelope("apps/v1", "DeleteOptions", options)).ToJsonString()
        );
        var deployment = Message((2, Message((1, 0UL), (5, 0UL))));
        Assert.Equal(
            """{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":0}}""",
            ProtobufDecoder.Decode(Envelope("apps/v1", "Deployment", deployment)).ToJsonString()
        );
    }

    [Fact]
    public void Repeated_numbers_decode_packed_and_unpacked()
    {
        // PodSecurityContext.supplementalGroups = 4.
        var unpacked = Message((2, Message((14, Message((4, 7UL), (4, 8UL))))));
        var packed = Message((2, Message((14, Message((4, new byte[] { 7, 8 }))))));
        const string expected = """{"apiVersion":"v1","kind":"Pod","spec":{"securityContext":{"supplementalGroups":[7,8]}}}""";
        Assert.Equal(expected, ProtobufDecoder.Decode(Envelope("v1", "Pod", unpacked)).ToJsonString());
        Assert.Equal(expected, ProtobufDecoder.Decode(Envelope("v1", "Pod", packed)).ToJsonString());
    }

    [Fact]
    public void Malformed_bodies_say_what_is_wrong()
    {
        Assert.Contains("expected prefix", Error([1, 2, 3]), StringComparison.Ordinal);
        Assert.Contains("no kind \"Nothing\" in version \"v1\"", Error(Envelope("v1", "Nothing", [])), StringComparison.Ordinal);
        Assert.Contains("wire type", Error(Envelope("v1", "Pod", Message((1, 5UL)))), StringComparison.Ordinal);
        Assert.Contains("ends after the message", Error(Envelope("v1", "Pod", [0x0A, 0x7F])), StringComparison.Ordinal);
        Assert.Contains(
            "not a quantity",
            Error(Envelope("v1", "Node", Message((3, Message((1, Message((1, "cpu"), (2, Message((1, "much")))))))))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_body_of_many_tiny_values_is_refused()
    {
        var hostile = new byte[2_400_000];
        for (var i = 0; i < hostile.Length; i += 2)
        {
            hostile[i] = 0x72; // ObjectMeta.finalizers = 14, empty strings
        }
        Assert.Contains("more than", Error(Envelope("v1", "Pod", Message((1, hostile)))), StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_bodies_are_decoded_or_refused_and_nothing_else() =>
        Gen.Select(Gen.Int[0, Fixtures.Length - 1], Gen.Select(Gen.Int[0, 400], Gen.Byte).Array[1, 6], Gen.Int[0, 400])
            .Sample(
                (which, changes, cut) =>
                {
                    var body = File.ReadAllBytes(Fixtures[which]);
                    foreach (var (at, value) in changes)
                    {
                        body[at % body.Length] = value;
                    }
                    Survives(cut < body.Length ? body.AsSpan(0, cut) : body);
                }
            );

    [Fact]
    public void Random_bytes_are_decoded_or_refused_and_nothing_else() =>
        Gen
            .Byte.Array[0, 120]
            .Sample(raw =>
            {
                Survives(raw);
                Survives(Envelope("v1", "Pod", raw));
                Survives(Envelope("apps/v1", "Deployment", raw));
            });

    private static void Survives(ReadOnlySpan<byte> body)
    {
        try
        {
            ProtobufDecoder.Decode(body).ToJsonString();
        }
        catch (ProtobufFormatException) { }
    }

    private static string Error(byte[] body) => Assert.Throws<ProtobufFormatException>(() => ProtobufDecoder.Decode(body)).Message;

    private static byte[] Read(string fixture) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", fixture + ".pb"));

    private static void AssertDecodes(string fixture, string json)
    {
        var document = ProtobufDecoder.Decode(Read(fixture));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), document), document.ToJsonString());
    }

    private static byte[] Envelope(string apiVersion, string kind, byte[] raw) =>
        [.. "k8s\0"u8, .. Message((1, Message((1, apiVersion), (2, kind))), (2, raw))];

    private static byte[] Message(params (int Number, object Value)[] fields)
    {
        var bytes = new List<byte>();
        foreach (var (number, value) in fields)
        {
            var content = value switch
            {
                string text => System.Text.Encoding.UTF8.GetBytes(text),
                byte[] raw => raw,
                _ => null,
            };
            Varint(bytes, ((ulong)number << 3) | (content is null ? 0UL : 2UL));
            if (content is null)
            {
                Varint(bytes, (ulong)value);
            }
            else
            {
                Varint(bytes, (ulong)content.Length);
                bytes.AddRange(content);
            }
        }
        return [.. bytes];
    }

    private static void Varint(List<byte> bytes, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }
        bytes.Add((byte)value);
    }
}
