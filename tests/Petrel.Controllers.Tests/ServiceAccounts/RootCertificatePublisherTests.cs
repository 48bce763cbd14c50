using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.ServiceAccounts;
using Petrel.Model;

namespace Petrel.Controllers.Tests.ServiceAccounts;

public sealed class RootCertificatePublisherTests
{
    [Fact]
    public async Task Every_namespace_has_the_certificates_and_keeps_them()
    {
        await using var cluster = Cluster("PEM");
        cluster.Create(
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new() { Name = "team" },
            }
        );
        cluster.Run(1);
        Assert.Equal("PEM", Find(cluster, "default")!.Data["ca.crt"]);
        Assert.Equal("PEM", Find(cluster, "team")!.Data["ca.crt"]);

        cluster.Change<V1ConfigMap>(RootCertificatePublisher.ConfigMapName, m =>
        {
            m.Data = new Dictionary<string, string> { ["ca.crt"] = "forged", ["more"] = "x" };
            m.Metadata.Labels = new Dictionary<string, string> { ["kept"] = "yes" };
        });
        cluster.Run(1);
        var restored = Find(cluster, "default")!;
        Assert.Equal("PEM", Assert.Single(restored.Data).Value);
        Assert.Equal("yes", restored.Metadata.Labels["kept"]);

        cluster.Do(
            async (user, stop) =>
                await user.DeleteAsync<V1ConfigMap>(new ObjectKey("team", RootCertificatePublisher.ConfigMapName), new(), stop)
        );
        cluster.Run(1);
        Assert.NotNull(Find(cluster, "team"));
    }

    [Fact]
    public async Task Without_certificates_nothing_is_published()
    {
        await using var cluster = Cluster("");
        cluster.Run(5);
        Assert.Null(Find(cluster, "default"));
    }

    private static TestCluster Cluster(string certificates) =>
        new(new ControllerSettings { RootCertificates = certificates }, context => [new RootCertificatePublisher(context)]);

    private static V1ConfigMap? Find(TestCluster cluster, string ns) =>
        cluster.Find<V1ConfigMap>(RootCertificatePublisher.ConfigMapName, ns);
}
