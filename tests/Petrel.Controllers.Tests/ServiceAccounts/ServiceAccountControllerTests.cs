using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Namespaces;
using Petrel.Controllers.ServiceAccounts;
using Petrel.Model;

namespace Petrel.Controllers.Tests.ServiceAccounts;

public sealed class ServiceAccountControllerTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new ServiceAccountController(context), new NamespaceController(context)]);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void Every_namespace_has_its_default_service_account()
    {
        _cluster.Run(1);
        foreach (var ns in _cluster.List<V1Namespace>(""))
        {
            Assert.NotNull(Find(ns.Metadata.Name));
        }
        CreateNamespace();
        _cluster.Run(1);
        Assert.NotNull(Find("team"));
    }

    [Fact]
    public void A_deleted_default_service_account_is_created_again()
    {
        _cluster.Run(1);
        var uid = Find("default")!.Metadata.Uid;
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1ServiceAccount>(new ObjectKey("default", "default"), new(), stop));
        _cluster.Run(1);
        Assert.NotEqual(uid, Find("default")!.Metadata.Uid);
    }

    [Fact]
    public void A_terminating_namespace_gets_no_service_account()
    {
        CreateNamespace();
        _cluster.Run(1);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Namespace>(new ObjectKey("", "team"), new(), stop));
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1ServiceAccount>(new ObjectKey("team", "default"), new(), stop));
        _cluster.Run(2);
        Assert.Null(Find("team"));
        _cluster.Run(10);
        Assert.Null(_cluster.Find<V1Namespace>("team", ""));
    }

    private V1ServiceAccount? Find(string ns) => _cluster.Find<V1ServiceAccount>("default", ns);

    private void CreateNamespace() =>
        _cluster.Create(
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new() { Name = "team" },
            }
        );
}
