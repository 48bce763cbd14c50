using System.Text;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Kinds;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Bodies in JSON, YAML and protobuf, of every built-in kind.</summary>
public sealed class BodyFuzzTests
{
    private static readonly (string Path, byte[] Body)[] Json =
    [
        .. new[]
        {
            ("/api/v1/namespaces/default/pods", Samples.Pod),
            ("/apis/apps/v1/namespaces/default/deployments", Samples.Deployment),
            ("/apis/apps/v1/namespaces/default/replicasets", Samples.ReplicaSet),
            ("/api/v1/namespaces/default/services", Samples.Service),
        }.Select(s => (s.Item1, Mutator.Utf8(Samples.Parse(s.Item2)))),
    ];

    private static readonly byte[][] Yaml =
    [
        .. new[]
        {
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {a: b, c: \"1\"}\ndata:\n  k: |\n    many\n    "
                + "lines\n  f: >-\n    folded\n  n: '1'\n",
            "# a comment\napiVersion: v1\nkind: ConfigMap\nmetadata: &m\n  name: b\n  annotations: {a: *x, b: !!str 1}\n",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: \"\\u263a\\x41\", b: 0x1F, c: 0o17, d: 1e3, e: ~, f: yes}}",
            "%YAML 1.1\n---\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: d\n  finalizers:\n  - a/b\n  - c/d\n...\n",
            "base: &b {x: 1}\nother: {<<: *b, y: [1, 2, {z: [*b, *b]}]}\n? complex\n: value\n",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    [Fact]
    public void Changed_bytes_of_JSON_are_answered() => FuzzRun.Run(1500, NothingAsync, static (run, random) =>
        {
            var (path, body) = Mutator.Pick(random, Json);
            run.Send(
                "POST",
                path + Mutator.Pick(random, (string[])["", "?fieldValidation=Strict", "?dryRun=All"]),
                Mutator.Bytes(random, [body])
            );
        });

    [Fact]
    public void Changed_bytes_of_YAML_are_answered() =>
        FuzzRun.Run(1500, NothingAsync, static (run, random) =>
            run.Send("POST", FuzzRun.ConfigMaps, Mutator.Bytes(random, Yaml), "application/yaml")
        );

    [Fact]
    public void Objects_of_every_kind_with_strange_values_are_answered()
    {
        var i = 0;
        FuzzRun.Run(1600, NothingAsync, (run, random) =>
        {
            var kind = SchemaSamples.Kinds[i++ % SchemaSamples.Kinds.Count];
            var sample = SchemaSamples.Of(random, kind, $"fuzz-{i}");
            run.Send(
                "POST",
                SchemaSamples.Collection(kind),
                Mutator.Utf8(i < 2 * SchemaSamples.Kinds.Count ? sample : Mutator.Document(random, sample))
            );
        });
    }

    [Fact]
    public void Objects_of_every_kind_in_protobuf_are_answered_whatever_happens_to_their_bytes()
    {
        var i = 0;
        // Petrel's own kinds have no protobuf form, as custom resources have none.
        var kinds = SchemaSamples.Kinds.Where(k => KubernetesSchemas.ForKind(k.Gvk) is not null).ToList();
        FuzzRun.Run(2000, NothingAsync, (run, random) =>
        {
            var kind = kinds[i++ % kinds.Count];
            var body = ProtobufSample.Body(SchemaSamples.Of(random, kind, $"fuzz-{i}"), kind);
            var intact = i <= 3 * kinds.Count;
            var answer = run.Send(
                "POST",
                SchemaSamples.Collection(kind),
                intact ? body
                    : i % 3 == 0 ? Mutator.Bytes(random, [body])
                    : Mutator.InPlace(random, body),
                "application/vnd.kubernetes.protobuf"
            );
            Assert.False(intact && answer.BodyText.Contains("couldn't decode", StringComparison.Ordinal), answer.BodyText);
        });
    }

    [Fact]
    public void Bytes_of_no_meaning_are_answered() => FuzzRun.Run(1000, NothingAsync, static (run, random) =>
        {
            var bytes = new byte[Mutator.Next(random, 200)];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)Mutator.Next(random, 256);
            }
            var type = Mutator.Pick(random, (string[])["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]);
            run.Send(
                "POST",
                FuzzRun.ConfigMaps,
                type[^1] == 'f' ? [.. "k8s\0\n\u0013\n\u0002v1\u0012\tConfigMap\u0012"u8, .. bytes] : bytes,
                type
            );
        });

    private static Task NothingAsync(TestApi api) => Task.CompletedTask;
}
