namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>
/// Ansible's kubernetes.core: its modules go through the Python client's dynamic part, with server-side apply and waiting.
/// </summary>
[Collection(nameof(ClientCluster))]
public sealed class AnsibleTests(ClientCluster clients)
{
    private const string Playbook = """
        - hosts: localhost
          gather_facts: false
          tasks:
          - kubernetes.core.k8s: {kind: Namespace, name: ansible, api_version: v1, state: present}
          - kubernetes.core.k8s: &web
              definition:
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web, namespace: ansible}
                spec:
                  replicas: 2
                  selector: {matchLabels: {app: web}}
                  template:
                    metadata: {labels: {app: web}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                        - {name: c, image: busybox, imagePullPolicy: IfNotPresent, command: [sleep, "100000"]}
              wait: true
              wait_timeout: 60
            register: first
          - kubernetes.core.k8s: *web
            register: second
          - kubernetes.core.k8s_scale:
              {kind: Deployment, name: web, namespace: ansible, replicas: 1, api_version: apps/v1, wait_timeout: 60}
            register: scaled
          - kubernetes.core.k8s:
              state: patched
              kind: Deployment
              api_version: apps/v1
              name: web
              namespace: ansible
              definition: {metadata: {labels: {tier: front}}}
          - kubernetes.core.k8s:
              apply: true
              definition: {apiVersion: v1, kind: ConfigMap, metadata: {name: applied, namespace: ansible}, data: {a: "1"}}
          - kubernetes.core.k8s_json_patch:
              api_version: v1
              kind: ConfigMap
              name: applied
              namespace: ansible
              patch: [{op: replace, path: /data/a, value: "2"}]
          - kubernetes.core.k8s_info: {kind: Pod, namespace: ansible, label_selectors: [app=web], wait: true}
            register: pods
          - kubernetes.core.k8s_info: {api_version: v1, kind: ConfigMap, name: applied, namespace: ansible}
            register: map
          - kubernetes.core.k8s_cluster_info: {}
            register: about
          - kubernetes.core.k8s: {kind: Namespace, name: ansible, api_version: v1, state: absent, wait: true, wait_timeout: 90}
            register: gone
          - assert:
              that:
              - first is changed
              - second is not changed
              - scaled.result.spec.replicas == 1
              - pods.resources | length >= 1
              - pods.resources[0].metadata.labels.app == "web"
              - map.resources[0].data.a == "2"
              - about.version.server.kubernetes.minor == "35"
              - gone is changed
        """;

    [ClientFact("ansible/ansible_collections/kubernetes/core")]
    public async Task A_playbook_creates_waits_scales_patches_and_removes()
    {
        var cluster = await clients.GetAsync();
        var folder = Directory.CreateTempSubdirectory("petrel-ansible-").FullName;
        var playbook = Path.Combine(folder, "play.yaml");
        await File.WriteAllTextAsync(playbook, Playbook);

        var result = await Shell.RunAsync(
            "ansible-playbook",
            ["-i", "localhost,", "-c", "local", "-e", "ansible_python_interpreter=/usr/bin/python3", playbook],
            new Dictionary<string, string>
            {
                ["K8S_AUTH_KUBECONFIG"] = cluster.Kubeconfig,
                ["ANSIBLE_COLLECTIONS_PATHS"] = Path.Combine(ClientFactAttribute.Tools, "ansible"),
                ["ANSIBLE_LOCAL_TEMP"] = folder,
                ["ANSIBLE_HOME"] = folder,
                ["ANSIBLE_NOCOLOR"] = "1",
                ["LC_ALL"] = "C.UTF-8",
            }
        );

        Assert.True(result.ExitCode == 0, result.Text);
        Assert.Contains("failed=0", result.Output, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
