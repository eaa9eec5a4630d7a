def test_it(acme, globex):
    assert acme.sandbox.is_sandbox
