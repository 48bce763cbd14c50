using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>Who one is and what one may do, as kubectl shows it.</summary>
[Collection(nameof(ClientCluster))]
public sealed class AccessTests(ClientCluster clients)
{
    private const string Mounted = "/var/run/secrets/kubernetes.io/serviceaccount";

    [RootFact]
    public async Task Roles_say_what_an_impersonated_user_may_do()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-roles");

        await k.SaysAsync(
            "Username jane\nUID 7\nGroups [devs ops system:authenticated]",
            "auth whoami --as jane --as-group devs --as-group ops --as-uid 7"
        );
        await k.SaysAsync("no", "auth can-i list configmaps --as jane", exitCode: 1);
        await k.SaysAsync(
            "User \"jane\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"k-roles\"",
            "get configmaps --as jane",
            exitCode: 1
        );
        await k.SaysAsync("created", "create role reader --verb=get,list --resource=configmaps");
        await k.SaysAsync("created", "create rolebinding reader --role=reader --group=devs");
        await k.SaysAsync("yes", "auth can-i list configmaps --as jane --as-group devs");
        await k.SaysAsync("kube-root-ca.crt", "get configmaps --as jane --as-group devs");
        await k.SaysAsync("configmaps [] [] [get list]", "auth can-i --list --as jane --as-group devs");
        await k.SaysAsync("no", "auth can-i delete configmaps --as jane --as-group devs", exitCode: 1);

        // Nobody gives more than they have.
        await k.SaysAsync("created", "create rolebinding jane --clusterrole=admin --user=jane");
        await k.SaysAsync("created", "create role same --verb=get --resource=secrets --as jane");
        await k.SaysAsync(
            "is attempting to grant RBAC permissions not currently held",
            "create role more --verb=* --resource=* --as jane",
            exitCode: 1
        );
        await k.SaysAsync(
            "reconciled",
            "auth reconcile -f -",
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: reader, namespace: k-roles}
            rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}]
            """
        );
        await k.SaysAsync("yes", "auth can-i watch configmaps --as jane --as-group devs");
    }

    [RootFact]
    public async Task A_token_is_its_account_until_the_account_goes()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-tokens");
        await k.SaysAsync("created", "create serviceaccount builder");
        var token = (await k.SaysAsync("", "create token builder --duration=15m")).Trim();

        // A kubeconfig with nothing but the token: the administrator's certificate would win over it.
        var cluster = await clients.GetAsync();
        var server = (await cluster.KubectlAsync("config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}")).Trim();
        var authority = (
            await cluster.KubectlAsync("config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}")
        ).Trim();
        var folder = Directory.CreateTempSubdirectory("petrel-token-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "ca.crt"), Convert.FromBase64String(authority));
        Task<ShellResult> AsBuilder(params string[] words) =>
            Shell.RunAsync(
                TestCluster.KubectlPath,
                [
                    "--server",
                    server,
                    "--certificate-authority",
                    Path.Combine(folder, "ca.crt"),
                    "--token",
                    token,
                    "--namespace",
                    "k-tokens",
                    .. words,
                ],
                new Dictionary<string, string> { ["KUBECONFIG"] = Path.Combine(folder, "none") }
            );

        Assert.Contains("system:serviceaccount:k-tokens:builder", (await AsBuilder("auth", "whoami")).Output, StringComparison.Ordinal);
        Assert.Contains("Forbidden", (await AsBuilder("get", "pods")).Errors, StringComparison.Ordinal);
        await k.SaysAsync("created", "create rolebinding view --clusterrole=view --serviceaccount=k-tokens:builder");
        Assert.Equal("No resources found in k-tokens namespace.\n", (await AsBuilder("get", "pods")).Errors);
        Assert.Contains("Forbidden", (await AsBuilder("get", "secrets")).Errors, StringComparison.Ordinal);

        await k.SaysAsync("deleted", "delete serviceaccount builder");
        Assert.Contains("You must be logged in to the server", (await AsBuilder("get", "pods")).Errors, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [RootFact]
    public async Task A_pod_reaches_the_API_with_the_token_of_its_account()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-incluster");
        await k.SaysAsync("created", "create rolebinding view --clusterrole=view --serviceaccount=k-incluster:default");

        // The real kubectl, in the pod: it finds server, certificate, token and namespace as every client library does.
        await k.SaysAsync(
            "created",
            "apply -f -",
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: inside}
            spec:
              restartPolicy: Never
              volumes: [{name: tools, hostPath: {path: {{ClientFactAttribute.Tools}}, type: Directory } }]
              containers:
              - name: kubectl
                image: busybox
                imagePullPolicy: IfNotPresent
                volumeMounts: [{name: tools, mountPath: /tools, readOnly: true}]
                command: [sh, -c]
                args:
                - |
                  ls {{Mounted}}
                  /tools/kubectl auth whoami
                  /tools/kubectl get pods -o name
                  /tools/kubectl create configmap denied
                  touch {{Mounted}}/forbidden
            """
        );
        await k.SaysAsync("condition met", "wait pod/inside --for=jsonpath={.status.phase}=Failed --timeout=60s");

        var said = await k.SaysAsync("Username system:serviceaccount:k-incluster:default", "logs inside");
        Assert.StartsWith("ca.crt\nnamespace\ntoken\n", said, StringComparison.Ordinal);
        Assert.Contains("pod/inside\n", said, StringComparison.Ordinal);
        Assert.Contains("configmaps is forbidden", said, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", said, StringComparison.Ordinal);
        await k.SaysAsync("default kubernetes ClusterIP", "get services --all-namespaces");
    }

    [RootFact]
    public async Task Certificates_are_approved_and_denied()
    {
        var k = await KubectlSession.InNamespaceAsync(clients, "k-certificates");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=jane,O=devs", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        foreach (var name in new[] { "k-jane", "k-eve" })
        {
            await k.SaysAsync(
                "created",
                "create -f -",
                $$"""
                apiVersion: certificates.k8s.io/v1
                kind: CertificateSigningRequest
                metadata: {name: {{name}}}
                spec: {request: {{Convert.ToBase64String(
                    Encoding.UTF8.GetBytes(request)
                )}}, signerName: example.com/people, usages: [client auth]}
                """
            );
        }

        await k.SaysAsync("example.com/people kubernetes-admin <none> Pending", "get csr k-jane");
        await k.SaysAsync("k-jane approved", "certificate approve k-jane");
        await k.SaysAsync("k-eve denied", "certificate deny k-eve");
        await k.SaysAsync("Approved", "get csr k-jane");
        await k.SaysAsync("Denied", "get csr k-eve");
        await k.SaysAsync("Requesting User: kubernetes-admin", "describe csr k-jane");
        await k.SaysAsync("deleted", "delete csr k-jane k-eve");
    }
}
